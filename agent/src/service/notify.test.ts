// sd_notify over real datagram sockets of the Unix domain, by path and by abstract name.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { expect, onTestFinished, test } from 'vitest';
import { openNotifier } from './notify.ts';

const linux = process.platform === 'linux';

/** A socket that listens as systemd does. */
function listen(address: string): () => string {
  const libc = koffi.load('libc.so.6');
  const socket = libc.func('int socket(int, int, int)');
  const bind = libc.func('int bind(int, const void*, uint32_t)');
  const recv = libc.func('long recv(int, void*, size_t, int)');
  const close = libc.func('int close(int)');
  const [AF_UNIX, SOCK_DGRAM, MSG_DONTWAIT] = [1, 2, 0x40];
  const name = Buffer.from(`\u0001\0${address.replace(/^@/, '\0')}`);
  const descriptor = socket(AF_UNIX, SOCK_DGRAM, 0) as number;
  expect(bind(descriptor, name, name.length)).toBe(0);
  onTestFinished(() => void close(descriptor));
  const buffer = Buffer.alloc(256);
  return () => buffer.toString('utf8', 0, Math.max(0, Number(recv(descriptor, buffer, buffer.length, MSG_DONTWAIT))));
}

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-notify-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'notify');
}

test.skipIf(!linux).each([
  ['a path', temporaryPath],
  ['an abstract name', () => `@foretop-notify-${process.pid}`],
])(
  'systemd hears of the first look, of each further one, and of the end, at %s (skipped off Linux)',
  (_kind, place) => {
    const address = place();
    const next = listen(address);
    using notifier = openNotifier(address);
    expect(next()).toBe('');
    notifier.looked();
    expect(next()).toMatch(/^READY=1\n/);
    notifier.looked();
    expect(next()).toBe('WATCHDOG=1');
    notifier.stopping();
    expect(next()).toBe('STOPPING=1');
  },
);

test('without a socket nothing is sent, and nothing fails', () => {
  using notifier = openNotifier(undefined);
  notifier.looked();
  notifier.stopping();
});

test.skipIf(!linux)('a socket that is gone does not stop the agent (skipped off Linux)', () => {
  using notifier = openNotifier(temporaryPath());
  notifier.looked();
});

test.each(['relative', `/${'x'.repeat(120)}`])('the address %s is refused', (address) => {
  expect(() => openNotifier(address)).toThrow(/NOTIFY_SOCKET/);
});
