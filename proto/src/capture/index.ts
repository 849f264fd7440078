// What agents, collectors, dashboards and command lines share of packet captures.
export {};
