// The worker's first stage: gives up what a program can give up only before it is executed, and executes the second one.
import { openLibc } from '../host/linux/libc.ts';
import { restrict } from './landlock.ts';
import { canBecomeNobody } from './nobody.ts';
import { dropCapabilities } from './privileges.ts';
import { executeStage, type WorkerArguments } from './worker-arguments.ts';

/** A name may be asked for over TCP (RFC 7766). */
const dnsPort = 53;

/** Does not return. A kernel without Landlock gives less: the second stage looks at what it can still reach and says so. */
export function confine(own: WorkerArguments): never {
  const libc = openLibc();
  // Root's process changes its user once it has read its own code, which no other user may be able to read.
  if (!canBecomeNobody()) dropCapabilities(libc);
  restrict(libc, { without: own.dataDirectory, ports: [portOf(own.url), dnsPort] });
  return executeStage({ ...own, stage: 'hold' });
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port) || (protocol === 'wss:' ? 443 : 80);
}
