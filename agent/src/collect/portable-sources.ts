// What polling readers see, how often, and what they miss.
import type { Source } from '@foretop/proto';
import type { Polled } from '../host/portable/poller.ts';
import type { Limit, PortableReaders } from '../host/portable/readers.ts';

export interface PortablePolls {
  sockets: Polled<unknown>;
  processes: Polled<unknown>;
  interfaces: Polled<unknown>;
  memory: Polled<unknown>;
  /** Undefined where the system tells no bytes by flow. */
  flows: Polled<unknown> | undefined;
}

export function describePortableSources(polls: PortablePolls, limits: ReturnType<PortableReaders['limits']>): Source[] {
  const shorter = 'what lives shorter goes unseen';
  return [
    polled('sockets', polls.sockets, limits.sockets, shorter),
    polled('owners', polls.processes, limits.owners, 'a connection whose process lives shorter has none'),
    polls.flows
      ? polled('bytes', polls.flows, limits.bytes, '')
      : { name: 'bytes', available: false, reason: limits.bytes.reason, remedy: limits.bytes.remedy },
    polled('processes', polls.processes, limits.processes, shorter),
    polled('interfaces', polls.interfaces, limits.interfaces, 'rates are means over that time'),
    polled('host', polls.memory, limits.host, ''),
  ];
}

function polled(name: string, poll: Polled<unknown>, limit: Limit, missing: string): Source {
  const failure = poll.failure();
  const rhythm = `read every ${Math.round(poll.everyMs() / 100) / 10} s`;
  if (failure !== undefined) return { name, available: false, reason: failure, remedy: limit.remedy };
  const reason = [missing ? `${rhythm}: ${missing}` : rhythm, limit.reason].filter(Boolean).join('; ');
  return {
    name,
    available: poll.latest() !== undefined,
    reason: poll.latest() ? reason : 'not read yet',
    remedy: limit.remedy,
  };
}
