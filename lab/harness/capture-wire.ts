// A wire of the lab on which everything is known: one link that carries nothing but what a test sends, and one with addresses.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.ts';
import { FrameSender } from './frame-sender.ts';
import { moveInto } from './moved-thread.ts';
import { makeNamespace } from './network-namespace.ts';
import { inNamespace } from './routed-hosts.ts';

export interface CaptureWire extends AsyncDisposable {
  /** Where this thread is, and what is captured. Has `wire` and `net`: 10.92.0.1, fd00:92::1. */
  near: { name: string };
  /** The other end: 10.92.0.2, fd00:92::2. */
  far: { name: string };
  /** Out of the far end of `wire`. */
  sender: FrameSender;
  /** A file of its own in a folder that goes with the wire. */
  path(name: string): string;
}

export function openCaptureWire(): CaptureWire {
  using stack = new DisposableStack();
  const near = stack.use(makeNamespace('capture-near'));
  const far = stack.use(makeNamespace('capture-far'));
  const folder = mkdtempSync(join(tmpdir(), 'foretop-capture-'));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const ip = (...args: string[]) => execFileSync('ip', args);
  for (const link of ['wire', 'net'])
    ip('-n', near.name, 'link', 'add', link, 'type', 'veth', 'peer', 'name', link, 'netns', far.name);
  for (const [namespace, host] of [
    [near, 1],
    [far, 2],
  ] as const) {
    inNamespace(namespace, 'sysctl', '-qw', 'net.ipv6.conf.wire.disable_ipv6=1');
    ip('-n', namespace.name, 'link', 'set', 'wire', 'arp', 'off', 'up');
    ip('-n', namespace.name, 'address', 'add', `10.92.0.${host}/24`, 'dev', 'net');
    ip('-n', namespace.name, 'address', 'add', `fd00:92::${host}/64`, 'dev', 'net', 'nodad');
    ip('-n', namespace.name, 'link', 'set', 'net', 'up');
  }
  const sender = stack.use(within(far, () => new FrameSender('wire')));
  stack.use(moveInto(near));
  const owned = stack.move();
  let files = 0;
  return {
    ...{ near, far, sender },
    path: (name) => join(folder, `${++files}-${name}`),
    [Symbol.asyncDispose]: async () => owned.dispose(),
  };
}

function within<T>(namespace: { name: string }, work: () => T): T {
  using _ = moveInto(namespace);
  return work();
}

/** A server that gives each connection a megabyte and closes it; prints its port. */
export function startDownloads(namespace: { name: string }): Child {
  const program = `const server = require('node:net').createServer((socket) => {
      socket.on('error', () => {}).end('D'.repeat(1 << 20));
    }).listen(0, '::', () => console.log('port ' + server.address().port));`;
  return new Child('downloads', ['-e', program], { networkNamespace: namespace.name });
}
