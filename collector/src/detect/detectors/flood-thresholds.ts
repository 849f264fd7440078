// From how much on something is a flood.

export const thresholds = {
  synPerSecond: {
    default: 64,
    unit: 'per-second',
    range: [10, 1_000_000],
    meaning: 'Connections to one port in a second that are begun and never finished.',
    source: 'Half of the 128 half-open connections to which Linux reduces its backlog on small machines (tcp(7)).',
  },
  datagramsPerSecond: {
    default: 1_000,
    unit: 'per-second',
    range: [100, 10_000_000],
    meaning: 'UDP packets to one host in a second without answers.',
    source: 'What one-way video of 10 Mbit/s has; chosen, not measured.',
  },
  pingsPerSecond: {
    default: 100,
    unit: 'per-second',
    range: [10, 1_000_000],
    meaning: 'Echo requests to one host in a second.',
    source: 'ping -f sends a hundred a second at least, and only root may (ping(8)).',
  },
  closedPerSecond: {
    default: 1_000,
    unit: 'per-second',
    range: [64, 10_000_000],
    meaning: 'Packets to one port in a second where nothing listens, as the kernel counts them.',
    source: 'As many as of UDP: a refusal costs little, and clients of a service that is down come by the hundred.',
  },
  aboveNormal: {
    default: 8,
    unit: 'count',
    range: [2, 1_000],
    meaning: 'How many times the normal rate it has to be.',
    source: 'Chosen: busy hours are two to four times the mean of a day.',
  },
} as const;
