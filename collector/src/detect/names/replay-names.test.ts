import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { replayedLines } from '../../../test/replayed.ts';
import { replayNames } from './replay-names.ts';

const replayed = (...chunks: (string | Uint8Array)[]) =>
  replayedLines<{ kind: string; name: string; dga: number; tunnel: number }>(replayNames, chunks);

it('a line for each name, in order, however the bytes are cut', async () => {
  const lines = await replayed('exam', 'ple.com\r\nxjwqkzvbtrmpl.biz\n\n', 'Last.Example.ORG');
  expect(lines.map(({ kind, name }) => [kind, name])).toEqual([
    ['name', 'example.com'],
    ['name', 'xjwqkzvbtrmpl.biz'],
    ['name', 'Last.Example.ORG'],
  ]);
  expect(lines.map(({ dga }) => dga > 0.5)).toEqual([false, true, false]);
});

it('bears bytes that are no text, and a line without an end', async () => {
  const lines = await replayed(
    Uint8Array.of(0xff, 0xc3, 0x28, 0x2e, 0x63, 0x6f, 0x6d, 10),
    Buffer.alloc(2e6, 97),
    '\nexample.org\n',
  );
  expect(lines).toHaveLength(3);
  expect(lines[1]?.name.length).toBeLessThanOrEqual(4_096);
  expect(lines[2]).toMatchObject({ name: 'example.org', tunnel: 0 });
});

it('names below one zone speak for each other', async () => {
  // Pings of a tunnel, each of which could be a host.
  const pings = Array.from(
    { length: 60 },
    (_, index) =>
      `paq${((index * 7_919) % 33_000).toString(32).padStart(3, 'z')}c${(index % 32).toString(32)}q.example.net`,
  );
  const alone = (await replayed(`${pings[7]}\n`))[0]?.tunnel ?? 1;
  const together = (await replayed(`${pings.join('\n')}\nwww.example.net\n`)).map(({ tunnel }) => tunnel);
  expect(together[7]).toBeGreaterThanOrEqual(alone);
  expect(together.at(-1)).toBeLessThan(0.1);
});
