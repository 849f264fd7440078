// The three kinds of packets that a trace sends, and how each learns who answered: by echo, by a UDP port nobody serves, by SYN.
import { type Heard, type HeardError, ProbeSocket } from '../../host/linux/probe-socket.ts';
import { meaningOf } from '../icmp.ts';
import { Echoes } from '../ping/echoes.ts';
import { SynSocket } from '../syn-socket.ts';

export interface TraceAnswer {
  kind: 'expired' | 'reached' | 'unreachable';
  address: Uint8Array | undefined;
}

export interface TraceProbes extends Disposable {
  /** `number`: 1, 2, 3 …, which the answer bears as its key. */
  send(number: number, ttl: number): string;
  collect(): { key: number; atUs: number; answer: TraceAnswer }[];
  nowUs(): number;
}

const mostATurn = 256;
type Version = 4 | 6;
const versionOf = (target: Uint8Array): Version => (target.length === 4 ? 4 : 6);

/** What an error says: whoever stands at the end and has no such port is the end. */
function answerOf(
  version: Version,
  target: Uint8Array,
  error: Pick<HeardError, 'type' | 'code' | 'offender'>,
): TraceAnswer {
  const meaning = meaningOf(version, error);
  const address = error.offender;
  const isTarget = address !== undefined && Buffer.compare(address, target) === 0;
  if (meaning === 'expired') return { kind: 'expired', address };
  return { kind: meaning === 'port-closed' && isTarget ? 'reached' : 'unreachable', address };
}

/** Throws HostError. */
export function openIcmpProbes(target: Uint8Array): TraceProbes {
  const echoes = new Echoes(target, 32);
  const version = versionOf(target);
  return {
    send: (number, ttl) => echoes.send(number, ttl),
    collect: () =>
      echoes.collect().map(({ key, atUs, answer }) => ({
        key,
        atUs,
        answer:
          answer.kind === 'reply'
            ? { kind: 'reached' as const, address: target }
            : answerOf(version, target, answer.error),
      })),
    nowUs: () => echoes.nowUs(),
    [Symbol.dispose]: () => echoes[Symbol.dispose](),
  };
}

/** Each probe goes to a port of its own, counted on from `firstPort`: errors quote too little to tell them apart otherwise. */
export function openUdpProbes(target: Uint8Array, firstPort: number): TraceProbes {
  const socket = new ProbeSocket({ kind: 'udp', target });
  const version = versionOf(target);
  const payload = new Uint8Array(32);
  const keyOf = ({ peer }: Heard) => peer.port - firstPort;
  const drain = <H extends Heard>(next: () => H | undefined) => {
    const heard: H[] = [];
    for (let one = next(); one && heard.length < mostATurn; one = next()) heard.push(one);
    return heard;
  };
  return {
    send: (number, ttl) => socket.send(payload, { ttl, port: firstPort + number }),
    collect() {
      const served = drain(() => socket.receive())
        .filter(({ peer }) => Buffer.compare(peer.address, target) === 0)
        .map((heard) => ({
          key: keyOf(heard),
          atUs: heard.atUs,
          answer: { kind: 'reached' as const, address: target },
        }));
      const told = drain(() => socket.receiveError()).map((heard) => ({
        key: keyOf(heard),
        atUs: heard.atUs,
        answer: answerOf(version, target, heard),
      }));
      return [...served, ...told];
    },
    nowUs: () => socket.nowUs(),
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}

/** Throws HostError, EPERM without CAP_NET_RAW. */
export function openTcpProbes(target: Uint8Array, port: number, probesPerHop: number): TraceProbes {
  const syns = new SynSocket(target, probesPerHop);
  const version = versionOf(target);
  return {
    send: (number, ttl) => syns.send(port, number, ttl),
    collect: () =>
      syns.collect().map((heard) => ({
        key: heard.sequence,
        atUs: heard.atUs,
        answer:
          heard.kind === 'error'
            ? answerOf(version, target, heard.error)
            : { kind: 'reached' as const, address: target },
      })),
    nowUs: () => syns.nowUs(),
    [Symbol.dispose]: () => syns[Symbol.dispose](),
  };
}
