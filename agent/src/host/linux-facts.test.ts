// Parsers of small kernel and system files, on recorded and on odd texts.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cpuPermille, parseCpuTimes, parseForks } from './cpu.linux.ts';
import { parseOsRelease } from './facts.linux.ts';
import { readBootId, readMachineId } from './identity.linux.ts';
import { parseInterfaceCounters } from './interface-counters.linux.ts';
import { countedInterfaces, type InterfaceKind } from './interface-details.linux.ts';
import { parseCapabilities } from './linux/capabilities.ts';
import { parseMemory } from './memory.linux.ts';
import { parseCommandLine, parseUid } from './process-identity.linux.ts';
import { readScope } from './scope.linux.ts';
import { parsePasswd } from './users.linux.ts';
import { socketInode } from './owners.linux.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/linux-6.18/${name}`, import.meta.url), 'utf8');

describe('interfaces', () => {
  it('reads the counters', () => {
    const [lo, eth0, vlan] = parseInterfaceCounters(fixture('net-dev.txt'));
    expect(lo).toMatchObject({ name: 'lo', rxBytes: 9_060_825, txPackets: 1632 });
    expect(eth0).toMatchObject({ rxErrors: 1, rxDrops: 2, txErrors: 3, txDrops: 4, txBytes: 1_148_047 });
    expect(vlan).toMatchObject({ name: 'enp0s31f6.100', rxBytes: 123_456_789_012, txBytes: 98_765_432_101 });
    expect(parseInterfaceCounters('nonsense\n  x: 1 2 3\n')).toEqual([]);
  });

  const kind = (more: Partial<InterfaceKind>): InterfaceKind => ({
    flags: 1,
    operstate: 'up',
    deviceType: '',
    physical: false,
    bridge: false,
    bondMaster: false,
    bondSlave: false,
    ...more,
  });
  const cases: [what: string, kinds: Record<string, InterfaceKind>, counted: string[]][] = [
    [
      'a card, not what stacks on it',
      {
        lo: kind({ flags: 9 }),
        eth0: kind({ physical: true }),
        'eth0.5': kind({}),
        wg0: kind({}),
        veth1: kind({}),
        br0: kind({ bridge: true }),
      },
      ['eth0'],
    ],
    [
      'a bond, not its slaves',
      {
        bond0: kind({ bondMaster: true }),
        eth0: kind({ physical: true, bondSlave: true }),
        eth1: kind({ physical: true, bondSlave: true }),
      },
      ['bond0'],
    ],
    [
      'the ways out of a namespace without cards',
      {
        lo: kind({ flags: 9 }),
        eth0: kind({}),
        tun0: kind({ operstate: 'unknown' }),
        ifb0: kind({}),
        gone: kind({ flags: 0 }),
      },
      ['eth0', 'tun0'],
    ],
  ];
  it.each(cases)('counts %s', (_what, kinds, counted) => {
    expect([...countedInterfaces(new Map(Object.entries(kinds)))]).toEqual(counted);
  });
});

describe('processor and memory', () => {
  it('reads /proc/stat', () => {
    expect(parseCpuTimes('cpu  100 10 50 800 30 5 5 0 0 0\ncpu0 1')).toEqual({ busy: 170, total: 1000 });
    expect(parseCpuTimes(fixture('stat.txt'))!.total).toBeGreaterThan(0);
    expect(parseCpuTimes('')).toBeUndefined();
    expect(parseForks(Buffer.from('cpu  1\nctxt 5\nbtime 6\nprocesses 24537\nprocs_running 1\n'))).toBe(24_537);
    expect(parseForks(Buffer.from('cpu  1\n'))).toBeUndefined();
    expect(cpuPermille({ busy: 100, total: 1000 }, { busy: 150, total: 1200 })).toBe(250);
    expect(cpuPermille({ busy: 100, total: 1000 }, { busy: 100, total: 1000 })).toBe(0);
    expect(cpuPermille({ busy: 100, total: 1000 }, { busy: 90, total: 1010 })).toBe(0);
  });

  it('reads /proc/meminfo', () => {
    expect(parseMemory('MemTotal:       1000 kB\nMemFree: 10 kB\nMemAvailable:    400 kB\n')).toEqual({
      totalBytes: 1_024_000,
      usedBytes: 614_400,
    });
    expect(parseMemory(fixture('meminfo.txt'))!.totalBytes).toBeGreaterThan(0);
    expect(parseMemory('MemTotal: 1000 kB\n')).toBeUndefined();
  });
});

describe('processes', () => {
  it('reads the effective user and the capabilities', () => {
    expect(parseUid('Name:\tx\nUid:\t1000\t33\t0\t0\n')).toBe(33);
    expect(parseCapabilities('CapEff:\t0000000000001000\n')).toEqual(new Set(['CAP_NET_ADMIN']));
    expect(parseCapabilities('CapEff:\t000001ffffffffff\n').size).toBe(7);
    expect(parseCapabilities('').size).toBe(0);
  });

  it('redacts command lines and takes titles without NUL', () => {
    expect(parseCommandLine(Buffer.from('app\0--token\0abc\0'))).toBe('app --token [redacted]');
    expect(parseCommandLine(Buffer.from('sshd: root@pts/0\0\0\0\0'))).toBe('sshd: root@pts/0');
    expect(parseCommandLine(Buffer.alloc(0))).toBe('');
  });

  it('reads users', () => {
    const users = parsePasswd('root:x:0:0:root:/root:/bin/sh\n# odd\nbad\nme:x:1000:1000::/:\ntoor:x:0:0::/:\n');
    expect([...users]).toEqual([
      [0, 'root'],
      [1000, 'me'],
    ]);
  });

  it.each([
    ['socket:[12345]', 12_345],
    ['pipe:[12345]', 0],
    ['/etc/passwd', 0],
    ['socket:[', 0],
  ])('link %s', (link, inode) => expect(socketInode(Buffer.from(link), link.length)).toBe(inode));
});

describe('identity', () => {
  const sources = (files: Record<string, string>, macs: string[] = []) => ({
    text: (path: string) => files[path],
    hostname: () => 'h',
    hardwareAddresses: () => macs,
  });
  const id = (files: Record<string, string>, macs?: string[]) =>
    Buffer.from(readMachineId(sources(files, macs))).toString('hex');

  it('takes the first id that is one, and never the id itself', () => {
    const dbus = id({ '/var/lib/dbus/machine-id': 'abc' });
    expect(id({ '/etc/machine-id': '', '/var/lib/dbus/machine-id': 'abc' })).toBe(dbus);
    expect(id({ '/etc/machine-id': 'uninitialized', '/var/lib/dbus/machine-id': 'abc' })).toBe(dbus);
    expect(id({ '/etc/machine-id': 'other', '/var/lib/dbus/machine-id': 'abc' })).not.toBe(dbus);
    expect(dbus).toMatch(/^[0-9a-f]{64}$/);
  });

  it('falls back on hardware addresses in any order, then on the name', () => {
    expect(id({}, ['b', 'a'])).toBe(id({}, ['a', 'b']));
    expect(id({}, ['a'])).not.toBe(id({}));
  });

  it('needs a boot id', () => {
    const path = '/proc/sys/kernel/random/boot_id';
    expect(readBootId(sources({ [path]: 'd4ec7345-a290-435d-8862-b0edcba6d18d' }))).toHaveLength(16);
    expect(() => readBootId(sources({ [path]: 'nothing' }))).toThrow(/found "nothing", a UUID is required/);
  });

  it.each([
    ['pid:[4026531836]', true, 'machine'],
    ['pid:[4026532177]', true, 'namespace'],
    ['pid:[4026531836]', false, 'namespace'],
  ])('scope in %s, initial network %s', (pid, initialNet, scope) => {
    expect(readScope({ pidNamespace: () => pid, hasInitialNetSetting: () => initialNet })).toBe(scope);
  });

  it('names the system', () => {
    expect(parseOsRelease('NAME="Alpine"\nPRETTY_NAME="Alpine Linux v3.20"\n')).toBe('Alpine Linux v3.20');
    expect(parseOsRelease('NAME=Arch\n')).toBe('Arch');
    expect(parseOsRelease('')).toBe('Linux');
  });
});
