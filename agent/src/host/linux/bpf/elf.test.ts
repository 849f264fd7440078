// The object reader on the real object, and on what chance makes of it: an error at worst, never a crash or a wait.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host-error.ts';
import { parseBpfObject } from './elf.ts';

const object = new Uint8Array(readFileSync(new URL('../../../../bpf/foretop.bpf.o', import.meta.url)));
const headers = Number(new DataView(object.buffer, object.byteOffset).getBigUint64(40, true));

/** Reads it or refuses it; anything else fails the test. What was read points nowhere outside. */
function survives(bytes: Uint8Array): boolean {
  try {
    for (const { instructions, references } of parseBpfObject(bytes).programs)
      for (const { instruction } of references) if (instruction * 8 + 16 > instructions.length) return false;
    return true;
  } catch (error) {
    return error instanceof HostError && error.code === 'malformed';
  }
}

describe('parseBpfObject', () => {
  it('reads maps, programs and where they meet', () => {
    const { maps, programs } = parseBpfObject(object);
    expect(maps.find(({ name }) => name === 'counters')).toMatchObject({ type: 2, keyBytes: 4, valueBytes: 8 });
    const release = programs.find(({ section }) => section === 'cgroup/sock_release')!;
    expect(release.name).toBe('socket_released');
    expect(new Set(release.references.map(({ map }) => map))).toContain('owners');
    expect(release.instructions.length % 8).toBe(0);
  });

  it('refuses other files by name', () => {
    expect(() => parseBpfObject(new Uint8Array(10))).toThrow(/10 bytes: must be 64 to/);
    expect(() => parseBpfObject(new Uint8Array(100))).toThrow(/no little-endian 64-bit ELF/);
    const foreign = object.slice();
    foreign[18] = 62;
    expect(() => parseBpfObject(foreign)).toThrow(/another machine/);
  });

  it('survives any cut', () => {
    for (let length = 0; length < object.length; length += 211) expect(survives(object.slice(0, length))).toBe(true);
    expect(survives(new Uint8Array(0))).toBe(true);
  });

  it('survives flipped bits and wild numbers, above all in the headers', () => {
    const wild = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff);
    const inside = fc.oneof(
      fc.nat(63),
      fc.integer({ min: headers, max: object.length - 1 }),
      fc.nat(object.length - 1),
    );
    const change = fc.record({ at: inside, value: fc.oneof(wild, fc.nat(255)), run: fc.constantFrom(1, 1, 2, 4, 8) });
    const changes = fc.array(change, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = object.slice();
        for (const { at, value, run } of list) bytes.fill(value, at, at + run);
        return survives(bytes);
      }),
      { numRuns: 1_500, seed: 4 },
    );
  });
});
