// Known-bad lists: lines of each kind, what they name, and folders of files within bounds.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAddress } from '../parse-address.ts';
import { createKnownBad } from './known-bad.ts';
import { parseListLine } from './parse-line.ts';
import { readLists } from './read-lists.ts';

const bytes = (text: string) => parseAddress(text)!;

describe('a line', () => {
  test.each([
    ['192.0.2.1', [{ kind: 'address', bytes: bytes('192.0.2.1') }]],
    ['192.0.2.1 # seen in May', [{ kind: 'address', bytes: bytes('192.0.2.1') }]],
    ['192.0.2.0/24', [{ kind: 'network', bytes: bytes('192.0.2.0'), prefix: 24 }]],
    ['192.0.2.1/32', [{ kind: 'address', bytes: bytes('192.0.2.1') }]],
    ['::ffff:192.0.2.0/120', [{ kind: 'network', bytes: bytes('192.0.2.0'), prefix: 24 }]],
    ['2001:db8::/32 ; a comment', [{ kind: 'network', bytes: bytes('2001:db8::'), prefix: 32 }]],
    ['Bad.Example.', [{ kind: 'domain', name: 'bad.example' }]],
    ['*.bad.example', [{ kind: 'domain', name: 'bad.example' }]],
    [
      '0.0.0.0 a.example b.example',
      [
        { kind: 'domain', name: 'a.example' },
        { kind: 'domain', name: 'b.example' },
      ],
    ],
    ['127.0.0.1\tlocalhost localhost.localdomain', []],
    ['::1 ip6-localhost', []],
    ['', []],
    ['   # only a comment', []],
    ['; another', []],
  ])('%j', (line, entries) => {
    expect(parseListLine(line)).toEqual({ entries });
  });

  test.each([
    ['0.0.0.0/0', 'wider'],
    ['10.0.0.0/7', 'wider'],
    ['2000::/3', 'wider'],
    ['1.2.3.4/33', 'not a network'],
    ['1.2.3.4/x', 'not a network'],
    ['com', 'no address, network or domain'],
    ['co.uk', 'public suffix'],
    ['bad..example', 'no address'],
    ['http://bad.example/', 'not a network'],
    ['192.0.2.1 192.0.2.2', 'one entry a line'],
    ['bad.example,5', 'no address'],
    [`${'a'.repeat(3000)}.example`, 'longer'],
  ])('%j is refused', (line, why) => {
    expect(parseListLine(line)).toEqual({ fault: expect.stringContaining(why) as string });
  });
});

test('an address is found by itself before its network, a name by itself or by a domain above it', () => {
  const known = createKnownBad();
  const add = (list: string, line: string) => {
    const parsed = parseListLine(line);
    if ('fault' in parsed) throw new Error(parsed.fault);
    for (const entry of parsed.entries) known.add(list, entry);
  };
  add('first', '198.51.100.0/24');
  add('second', '198.51.100.7');
  add('second', 'bad.example');
  add('third', 'bad.example');
  add('third', '2001:db8:1::/48');
  expect(known.address('198.51.100.7')).toEqual({ list: 'second', entry: '198.51.100.7' });
  expect(known.address('198.51.100.8')).toEqual({ list: 'first', entry: '198.51.100.0/24' });
  expect(known.address('::ffff:198.51.100.8')).toEqual({ list: 'first', entry: '198.51.100.0/24' });
  expect(known.address('198.51.101.1')).toBeUndefined();
  expect(known.address('2001:db8:1:ffff::1')).toEqual({ list: 'third', entry: '2001:db8:1::/48' });
  expect(known.name('Deep.Below.bad.example.')).toEqual({ list: 'second', entry: 'bad.example' });
  expect(known.name('notbad.example')).toBeUndefined();
  expect(known.name('a.'.repeat(120) + 'bad.example')).toEqual({ list: 'second', entry: 'bad.example' });
  expect(known.size).toBe(4);
});

describe('a folder', () => {
  let folder: string;
  const signal = new AbortController().signal;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'foretop-lists-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('holds a list a file, with faults by line', async () => {
    await writeFile(join(folder, 'hosts.txt'), '# hosts\n0.0.0.0 ads.example\n\nco.uk\n');
    await writeFile(join(folder, 'networks.netset'), '198.51.100.0/24\r\n203.0.113.9\r\n');
    await writeFile(join(folder, '.hidden'), '192.0.2.1\n');
    await writeFile(join(folder, 'notes.md'), '192.0.2.1\n');
    const { lists, knownBad, problem } = await readLists(folder, signal);
    expect(problem).toBe('');
    expect(lists).toMatchObject([
      { name: 'hosts', domains: 1, faultyLines: 1, faults: [{ line: 4 }] },
      { name: 'networks', addresses: 1, networks: 1, faultyLines: 0 },
    ]);
    expect(knownBad.name('x.ads.example')).toEqual({ list: 'hosts', entry: 'ads.example' });
    expect(knownBad.address('192.0.2.1')).toBeUndefined();
  });

  test('that is not there has no lists; one that cannot be read says why', async () => {
    expect(await readLists(join(folder, 'none'), signal)).toMatchObject({ lists: [], problem: '' });
    await writeFile(join(folder, 'file.txt'), '');
    const { problem } = await readLists(join(folder, 'file.txt'), signal);
    expect(problem).toContain('ENOTDIR');
  });

  test('is read within bounds, and says what was left out', async () => {
    await writeFile(join(folder, 'a.txt'), '192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n');
    await writeFile(join(folder, 'b.txt'), `${'#'.repeat(300)}\n192.0.2.9\n`);
    await writeFile(join(folder, 'c.txt'), '192.0.2.10\n');
    const { lists, knownBad, problem } = await readLists(folder, signal, { files: 2, bytes: 200, entries: 2 });
    expect(lists).toMatchObject([
      { name: 'a', addresses: 2, faults: [{ line: 3 }] },
      { name: 'b', addresses: 0, faults: [{ line: 0 }] },
    ]);
    expect(knownBad.address('192.0.2.9')).toBeUndefined();
    expect(problem).toContain('1 files');
  });

  test('of bytes that are no text has faults and harms nothing', async () => {
    await writeFile(join(folder, 'x'), Buffer.from([0, 255, 254, 10, 0xc3, 10, 49, 46, 49, 46, 49, 46, 49]));
    const { lists } = await readLists(folder, signal);
    expect(lists).toMatchObject([{ name: 'x', addresses: 1, faultyLines: 2 }]);
  });
});
