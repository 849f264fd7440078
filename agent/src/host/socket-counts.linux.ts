// How many sockets of each kind a network namespace has, by two small reads: a dump walks the tables that all namespaces share.
import { RereadFile } from './linux/procfs.ts';

export interface SocketCounts extends Disposable {
  /** Whether there is none of this kind: an index into dumpKinds. Throws HostError. */
  isEmpty(kind: number): boolean;
  /** Reads the counts that `isEmpty` tells of. */
  read(): void;
}

/** Of the namespace that the calling thread is in. */
export function openSocketCounts(root = '/proc/thread-self/net'): SocketCounts {
  const v4 = new RereadFile(`${root}/sockstat`);
  let v6: RereadFile | undefined;
  try {
    v6 = new RereadFile(`${root}/sockstat6`);
  } catch {
    v6 = undefined; // A kernel without IPv6.
  }
  let counts: number[] = [];
  return {
    read: () => (counts = parseSocketCounts(v4.read().toString('latin1'), v6?.read().toString('latin1') ?? '')),
    isEmpty: (kind) => counts[kind] === 0,
    [Symbol.dispose]() {
      v4[Symbol.dispose]();
      v6?.[Symbol.dispose]();
    },
  };
}

/**
 * In the order of dumpKinds: TCP, TCP6, UDP, UDP6. TIME_WAIT sockets of both families are counted in one number, so that it
 * counts for each; what is not there is not a number (net/ipv4/proc.c, net/ipv6/proc.c).
 */
export function parseSocketCounts(sockstat: string, sockstat6: string): number[] {
  const timeWaits = number(timeWait, sockstat);
  const six = (line: RegExp) => (sockstat6 === '' ? 0 : number(line, sockstat6));
  return [number(tcp, sockstat) + timeWaits, six(tcp6) + timeWaits, number(udp, sockstat), six(udp6)];
}

const tcp = /^TCP: inuse (\d+)/m;
const timeWait = /^TCP: .*\btw (\d+)/m;
const udp = /^UDP: inuse (\d+)/m;
const tcp6 = /^TCP6: inuse (\d+)/m;
const udp6 = /^UDP6: inuse (\d+)/m;

function number(line: RegExp, text: string): number {
  return Number(line.exec(text)?.[1]);
}
