// Counts of sockets as Linux 6.18 writes them.
import { expect, it } from 'vitest';
import { openSocketCounts, parseSocketCounts } from './socket-counts.linux.ts';

const v4 = `sockets: used 61
TCP: inuse 7 orphan 0 tw 3 alloc 9 mem 1
UDP: inuse 2 mem 0
UDPLITE: inuse 5
RAW: inuse 0
FRAG: inuse 0 memory 0
`;
const v6 = 'TCP6: inuse 4\nUDP6: inuse 0\nUDPLITE6: inuse 1\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n';

it.each<[what: string, v4: string, v6: string, expected: number[]]>([
  ['both families', v4, v6, [10, 7, 2, 0]],
  ['no IPv6', v4, '', [10, 3, 2, 0]],
  ['a line that is missing counts as unknown', 'UDP: inuse 2\n', v6, [NaN, NaN, 2, 0]],
])('%s', (_what, four, six, expected) => expect(parseSocketCounts(four, six)).toEqual(expected));

it.runIf(process.platform === 'linux')('reads this very namespace', () => {
  using counts = openSocketCounts();
  expect(counts.isEmpty(0)).toBe(false);
  counts.read();
  expect([0, 1, 2, 3].map((kind) => typeof counts.isEmpty(kind))).toEqual(Array(4).fill('boolean'));
});
