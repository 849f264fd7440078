// Reading a flow or an owner where it stands in memory that the kernel filled: no object is made for each.
import { OwnerRule } from '@foretop/proto';
import type { FlowReading, SocketOwner } from '../../engine.ts';
import { readComm, readI32 } from './comm.ts';
import { isKernelThread } from './kernel-thread.ts';
import { eventAt, flowAt, ownerAt, readAddress, readU64 } from './layout.ts';

const roles = ['unknown', 'active', 'passive'] as const;
const IPPROTO_TCP = 6;

export class FlowCursor implements FlowReading {
  cookie = 0;
  #words = new Uint32Array(0);
  #bytes = new Uint8Array(0);
  #at = 0;
  #owner: () => SocketOwner | undefined = () => undefined;

  /** Points at the `struct flow` at byte `at`. */
  point(
    words: Uint32Array<ArrayBuffer>,
    bytes: Uint8Array<ArrayBuffer>,
    at: number,
    cookie: number,
    owner: () => SocketOwner | undefined,
  ): this {
    this.#words = words;
    this.#bytes = bytes;
    this.#at = at;
    this.cookie = cookie;
    this.#owner = owner;
    return this;
  }

  get protocol(): 6 | 17 {
    return this.#bytes[this.#at + flowAt.protocol] === IPPROTO_TCP ? 6 : 17;
  }
  get localPort(): number {
    return this.#words[(this.#at + flowAt.localPort) >> 2]! & 0xffff;
  }
  get remotePort(): number {
    return this.#words[(this.#at + flowAt.localPort) >> 2]! >>> 16;
  }
  localAddress(): Uint8Array {
    return readAddress(this.#bytes, this.#at + flowAt.local);
  }
  remoteAddress(): Uint8Array {
    return readAddress(this.#bytes, this.#at + flowAt.remote);
  }
  get role(): 'active' | 'passive' | 'unknown' {
    return roles[this.#bytes[this.#at + flowAt.role]!] ?? 'unknown';
  }
  get firstUs(): number {
    return Math.floor(this.#number(flowAt.first) / 1000);
  }
  get lastUs(): number {
    return Math.floor(this.#number(flowAt.last) / 1000);
  }
  get rxBytes(): number {
    return this.#number(flowAt.rxBytes);
  }
  get txBytes(): number {
    return this.#number(flowAt.txBytes);
  }
  get rxPackets(): number {
    return this.#number(flowAt.rxPackets);
  }
  get txPackets(): number {
    return this.#number(flowAt.txPackets);
  }
  get rxIpBytes(): number {
    return this.#number(flowAt.rxIpBytes);
  }
  get txIpBytes(): number {
    return this.#number(flowAt.txIpBytes);
  }
  get rttUs(): number | undefined {
    const value = this.#words[(this.#at + flowAt.rtt) >> 2]!;
    return this.protocol === IPPROTO_TCP && value > 0 ? value : undefined;
  }
  get retransmissions(): number | undefined {
    return this.protocol === IPPROTO_TCP ? this.#words[(this.#at + flowAt.retransmissions) >> 2]! : undefined;
  }
  owner(): SocketOwner | undefined {
    return this.#owner();
  }

  #number(field: number): number {
    return readU64(this.#words, this.#at + field);
  }
}

/** Of a `struct owner`. */
export function readOwner(bytes: Uint8Array<ArrayBuffer>): SocketOwner | undefined {
  return readActor(bytes, ownerAt.pid, bytes[ownerAt.rule]!);
}

/** Of any event. */
export function readEventOwner(bytes: Uint8Array<ArrayBuffer>, event: number): SocketOwner | undefined {
  return readActor(bytes, event + eventAt.actor, bytes[event + eventAt.rule]!);
}

function readActor(bytes: Uint8Array<ArrayBuffer>, at: number, rule: number): SocketOwner | undefined {
  if (rule === 0) return undefined;
  const comm = readComm(bytes, at + ownerAt.comm);
  const pid = readI32(bytes, at + ownerAt.pid) >>> 0;
  const uid = readI32(bytes, at + ownerAt.uid) >>> 0;
  if (!isKernelThread(pid, comm)) return { pid, uid, comm, rule: rule as OwnerRule };
  // What it closes, long after a process let go, is not its own.
  return rule === OwnerRule.OWNER_RULE_CLOSE ? undefined : { pid, uid, comm, rule: OwnerRule.OWNER_RULE_KERNEL };
}
