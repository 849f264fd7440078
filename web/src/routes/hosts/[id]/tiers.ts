// What the tiers of an agent are called, by their number.
export const tierNames = ['', 'eBPF', 'netlink', 'unprivileged', 'portable'] as const;
