// The committed object is what its source compiles to, and it holds what the loader expects.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseBpfObject } from './elf.ts';
import { actorBytes, flowBytes, ownerBytes, scanAt, scanKeyAt, udpKeyBytes } from './layout.ts';
import { controlGroupPrograms, scanProgram } from './programs.ts';

const source = new URL('../../../../bpf/', import.meta.url).pathname;
const committed = readFileSync(join(source, 'foretop.bpf.o'));

/** Why the object cannot be rebuilt here; empty when it can. */
function whyNot(): string {
  const wanted = readFileSync(join(source, 'compiler.txt'), 'utf8').trim();
  const found = spawnSync('clang', ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0]?.trim();
  if (found !== wanted) return `the compiler is ${found ?? 'missing'}, the committed object was made by ${wanted}`;
  return existsSync('/usr/include/bpf/bpf_helpers.h') ? '' : 'the package libbpf-dev is not installed';
}

const reason = whyNot();
if (reason) process.stdout.write(`skipped: rebuilding the BPF object: ${reason}\n`);

describe('the committed object', () => {
  it.skipIf(reason)('is what its source compiles to, in whatever folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'foretop-bpf-'));
    try {
      cpSync(source, folder, { recursive: true, filter: (path) => !path.endsWith('.o') });
      execFileSync(join(folder, 'build.sh'), [], { cwd: '/', stdio: ['ignore', 'inherit', 'inherit'] });
      expect(readFileSync(join(folder, 'foretop.bpf.o')).equals(committed)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has the programs and the sizes that the loader expects', () => {
    const { programs, maps, license } = parseBpfObject(committed);
    const plain = controlGroupPrograms.flatMap((place) => (place.plain ? [place.plain.section] : []));
    const sections = [...controlGroupPrograms.map(({ section }) => section), ...plain, scanProgram];
    expect(programs.map(({ section }) => section).sort()).toEqual(sections.sort());
    expect(license).toBe('Dual MIT/GPL');
    const sizes = Object.fromEntries(maps.map(({ name, keyBytes, valueBytes }) => [name, [keyBytes, valueBytes]]));
    expect(sizes).toMatchObject({
      tcp_flows: [8, flowBytes],
      udp_flows: [udpKeyBytes, flowBytes],
      owners: [8, ownerBytes],
      creators: [4, actorBytes],
      scans: [scanKeyAt.bytes, scanAt.bytes],
    });
  });

  it('has a bound for every map, and no type information', () => {
    const { maps } = parseBpfObject(committed);
    const storage = 24; // BPF_MAP_TYPE_SK_STORAGE lives and dies with its socket
    expect(maps.filter(({ type, maxEntries }) => type !== storage && maxEntries === 0)).toEqual([]);
    expect(committed.includes('.BTF')).toBe(false);
    expect(committed.includes(source)).toBe(false);
  });
});
