// Giving memory back: only what can be read from the file again.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { boundMalloc, cleanMappings, relieveMemory } from './memory-trim.linux.ts';

const mapping = (range: string, mode: string, file: string, changedKb: number) =>
  `${range} ${mode} 00000000 fe:00 42                 ${file}
Size:                 64 kB
Private_Dirty:        ${changedKb} kB
Anonymous:            ${changedKb} kB
VmFlags: rd mr mw me
`;

it('takes only what nobody can have written to', () => {
  const smaps = [
    mapping('1000-3000', 'r--p', '/opt/agent', 0),
    mapping('3000-4000', 'r-xp', '/opt/agent', 0),
    mapping('4000-5000', 'r--p', '/opt/agent', 4),
    mapping('5000-6000', 'rw-p', '/opt/agent', 0),
    mapping('6000-7000', 'r-xp', '/opt/other', 0),
  ].join('');
  expect(cleanMappings(smaps, '/opt/agent')).toEqual([
    { address: 0x1000n, length: 0x2000 },
    { address: 0x3000n, length: 0x1000 },
  ]);
});

it.skipIf(process.platform !== 'linux')('takes pages of this process, which goes on', () => {
  const fileKb = () => Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))![1]);
  const before = fileKb();
  boundMalloc();
  relieveMemory();
  expect(fileKb()).toBeLessThan(before);
  expect(JSON.parse(JSON.stringify({ goesOn: true }))).toEqual({ goesOn: true });
});

const flavors = ['regular', 'last-resort'] as const;
it.skipIf(process.platform !== 'linux').each(flavors)('collects garbage now: %s', (flavor) => {
  const heapMb = () => process.memoryUsage().heapUsed / 1e6;
  let flood: string[] | undefined = Array.from({ length: 300_000 }, (_, index) => `short connection ${index}`);
  const full = heapMb();
  expect(flood.length).toBe(300_000);
  flood = undefined;
  relieveMemory(flavor);
  expect(heapMb()).toBeLessThan(full - 10);
});
