// The protocol version: an integer, one line of history each. Both sides send theirs and the oldest that they still speak.

// 1  2026-11-20  Challenge, Hello, Welcome; pulse, record and live lanes.
// 2  2026-11-21  DNS exchanges, scan evidence, owner rules, ALPN, coverage as metrics; the live section "dns". Adds only.
// 3  2026-11-21  Commands: offers, signatures, receipts; rosters, heads of audit chains, a host's policy. Adds only.
// 4  2026-11-21  Tools: asked for by an offer, output while they run, cancelled; metrics of watches; a host's time zone. Adds only.
export const protocolVersion = 4;
export const minimumProtocolVersion = 1;

/**
 * The version that two sides will speak: the lower of the newest ones.
 * @returns undefined when one side's newest is older than the other's oldest.
 */
export function negotiateVersion(
  ours: { newest: number; oldest: number },
  theirs: { newest: number; oldest: number },
): number | undefined {
  const version = Math.min(ours.newest, theirs.newest);
  return version >= ours.oldest && version >= theirs.oldest ? version : undefined;
}
