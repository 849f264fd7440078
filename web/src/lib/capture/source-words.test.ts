// What is said of a host's part of a capture, whatever became of it.
import type { ToolRunHost } from '@foretop/proto/api';
import { expect, test } from 'vitest';
import type { PacketSource } from './packet-list.svelte.ts';
import { sourceTrouble, sourceWords } from './source-words.ts';

const part = (changes: Partial<ToolRunHost> = {}): ToolRunHost => ({
  ...{ requestId: 'a', hostId: 1, hostName: 'north', status: 'ended', outcome: 'completed', code: '', detail: '' },
  ...{ signedAt: '', endedAt: null, events: 0, dropped: 0, receipt: null },
  packets: { bytes: 4_200, sealed: true, recipient: null },
  ...changes,
});
const source = (changes: Partial<PacketSource> = {}): PacketSource => ({
  ...{
    part: part(),
    host: 'north',
    state: 'whole',
    packets: 1_204,
    bytes: 1_200_000,
    dropped: 0,
    detail: '',
    cutOff: '',
  },
  ...changes,
});

test.each<[Partial<PacketSource>, Partial<ToolRunHost>, string, string]>([
  [{}, {}, '1,204 packets, 1.20 MB', ''],
  [{ state: 'following' }, { status: 'running', outcome: null }, '1,204 packets, 1.20 MB, capturing', ''],
  [{}, { outcome: 'failed', detail: 'no room' }, '1,204 packets, 1.20 MB, failed: no room', ''],
  [
    { state: 'cut', packets: 0, bytes: 0 },
    { status: 'refused', outcome: null, detail: 'too late' },
    '0 packets, 0 B, refused: too late',
    '',
  ],
  [
    { state: 'cut' },
    { status: 'lost', outcome: null },
    '1,204 packets, 1.20 MB, lost',
    'Cut: the end of the stream is missing. What came before is shown.',
  ],
  [{ state: 'no-key' }, {}, '4.20 kB stored, sealed to a key that is not in this browser', ''],
  [{ dropped: 12 }, {}, '1,204 packets, 1.20 MB', '12 more were lost on the host, which could not keep up.'],
])('%j of %j', (of, now, words, trouble) => {
  expect(sourceWords(source(of), part(now))).toBe(words);
  expect(sourceTrouble(source(of), part(now))).toBe(trouble);
});
