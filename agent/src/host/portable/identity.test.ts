// Clock, ids and command lines where the system gives few of them.
import { describe, expect, it } from 'vitest';
import { redactCommandText } from './arguments.ts';
import { createPortableClock } from './clock.ts';
import { bootIdOf, machineIdOf } from './identity.ts';
import { busyPermille } from './processor.ts';

describe('the portable clock', () => {
  const clockWith = (start: number) => {
    const at = { uptime: start, monotonic: 5e9 };
    const clock = createPortableClock({
      uptimeSeconds: () => Math.floor(at.uptime),
      monotonicUs: () => at.monotonic,
      wallUs: () => 0,
    });
    return { at, clock };
  };

  it('follows the monotonic clock and is not shaken by whole seconds of uptime', () => {
    const { at, clock } = clockWith(1000.9);
    expect(clock.boottimeUs()).toBe(1_000_000_000);
    for (let i = 1; i <= 100; i++) {
      at.uptime += 0.1;
      at.monotonic += 100_000;
      expect(clock.boottimeUs()).toBe(1_000_000_000 + i * 100_000);
    }
  });

  it('jumps ahead by what the machine slept through, and never back', () => {
    const { at, clock } = clockWith(1000);
    at.uptime += 3600;
    at.monotonic += 1_000_000;
    expect(clock.boottimeUs()).toBe(4_600_000_000);
    at.uptime -= 500;
    at.monotonic += 2_000_000;
    expect(clock.boottimeUs()).toBe(4_602_000_000);
  });
});

describe('ids', () => {
  const machine = machineIdOf('0A1B2C3D-0000-5555-AAAA-0123456789AB');

  it('are the same for one machine and boot, and do not show the machine’s own', () => {
    expect(machineIdOf('0a1b2c3d-0000-5555-aaaa-0123456789ab')).toEqual(machine);
    expect(machine).toHaveLength(32);
    expect(machineIdOf(undefined)).toHaveLength(32);
    const boot = bootIdOf(machine, 1_763_622_000e6);
    expect(boot).toHaveLength(16);
    expect(bootIdOf(machine, 1_763_622_000e6 + 20e6)).toEqual(boot);
    expect(bootIdOf(machine, 1_763_622_000e6 + 300e6)).not.toEqual(boot);
    expect(bootIdOf(machineIdOf('other'), 1_763_622_000e6)).not.toEqual(boot);
  });
});

describe('redactCommandText', () => {
  it.each([
    ['posix', '/usr/bin/mysql -psecretword -h db', '/usr/bin/mysql -p[redacted] -h db'],
    ['posix', 'agent --token abcdef', 'agent --token [redacted]'],
    ['windows', '"C:\\a b\\MySQL.EXE" -psecretword "x y"', 'C:\\a b\\MySQL.EXE -p[redacted] x y'],
    ['windows', 'curl.exe -H "Authorization: Bearer abcdefgh12345"', 'curl.exe -H Authorization: Bearer [redacted]'],
    ['windows', 'a.exe "unclosed --password=x', 'a.exe unclosed --password=[redacted]'],
    ['windows', '', ''],
    ['posix', '', ''],
  ] as const)('%s: %s', (style, text, shown) => expect(redactCommandText(text, style)).toBe(shown));
});

it('busyPermille stays in bounds', () => {
  expect(busyPermille({ busy: 0, total: 0 }, { busy: 50, total: 200 })).toBe(250);
  expect(busyPermille({ busy: 50, total: 200 }, { busy: 50, total: 200 })).toBe(0);
  expect(busyPermille({ busy: 50, total: 200 }, { busy: 40, total: 300 })).toBe(0);
});
