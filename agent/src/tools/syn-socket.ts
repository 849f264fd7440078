// SYNs without connections: sent from a port that is kept for them, so that the kernel resets whoever answers.
import { randomBytes } from 'node:crypto';
import { type Instruction, LD, LD_X, LDX_HEADER, RETURN } from '@foretop/proto/bpf';
import { assemble, at, ifEqual, step } from '../host/linux/classic-bpf.ts';
import { type HeardError, ProbeSocket } from '../host/linux/probe-socket.ts';
import { type ReservedPort, reservePort } from '../host/linux/reserved-port.ts';
import { encodeSyn, readQuotedSyn, readSynAnswer } from './tcp-segment.ts';

export type SynHeard = { port: number; sequence: number; atUs: number } & (
  | { kind: 'open' | 'closed'; ttl: number | undefined }
  | { kind: 'error'; error: Pick<HeardError, 'type' | 'code' | 'offender'> }
);

const mostATurn = 512;

export class SynSocket implements Disposable {
  readonly #socket: ProbeSocket;
  readonly #reserved: ReservedPort[] = [];
  readonly #ports: number[];
  readonly #target: Uint8Array;
  /** Of the first SYN; others count on from it, so that an answer tells which one it answers. */
  readonly #first = randomBytes(4).readUInt32BE();

  /**
   * `ports`: from how many of this host's, in turn; a target that still answers one SYN takes no second from the same port.
   * Throws HostError, EPERM without CAP_NET_RAW.
   */
  constructor(target: Uint8Array, ports = 1) {
    this.#target = target;
    const finder = new ProbeSocket({ kind: 'tcp', target, filter: nothing });
    const { local } = finder;
    finder[Symbol.dispose]();
    try {
      for (let left = ports; left > 0; left--) this.#reserved.push(reservePort(local));
      this.#ports = this.#reserved.map(({ port }) => port);
      this.#socket = new ProbeSocket({ kind: 'tcp', target, filter: portFilter(target.length, this.#ports) });
    } catch (error) {
      for (const reserved of this.#reserved) reserved[Symbol.dispose]();
      throw error;
    }
  }

  /** `number`: 0 … 2^32-1, given back by the answer as `sequence`. */
  send(port: number, number: number, ttl?: number): string {
    const { local } = this.#socket;
    const sequence = (this.#first + number) >>> 0;
    const localPort = this.#ports[number % this.#ports.length]!;
    const syn = encodeSyn({ local, remote: this.#target, localPort, remotePort: port, sequence });
    return this.#socket.send(syn, ttl === undefined ? {} : { ttl });
  }

  nowUs(): number {
    return this.#socket.nowUs();
  }

  collect(): SynHeard[] {
    const found: SynHeard[] = [];
    const number = (sequence: number) => (sequence - this.#first) >>> 0;
    for (let left = mostATurn; left > 0; left--) {
      const heard = this.#socket.receive();
      if (!heard) break;
      const answer = readSynAnswer(heard.bytes, this.#ports);
      if (!answer) continue;
      const { kind, remotePort, sequence } = answer;
      found.push({ kind, port: remotePort, sequence: number(sequence), atUs: heard.atUs, ttl: heard.ttl });
    }
    for (let left = mostATurn; left > 0; left--) {
      const heard = this.#socket.receiveError();
      if (!heard) break;
      const quoted = readQuotedSyn(heard.bytes, this.#ports);
      if (!quoted) continue;
      const { type, code, offender, atUs } = heard;
      const error = { type, code, offender };
      found.push({ kind: 'error', port: quoted.remotePort, sequence: number(quoted.sequence), atUs, error });
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
    for (const reserved of this.#reserved) reserved[Symbol.dispose]();
  }
}

const nothing = assemble([step(RETURN, 0)]);

/** A raw socket hears every segment of its peer: only what comes to a kept port is let in. IPv4 comes with its header. */
function portFilter(addressBytes: number, ports: readonly number[]): Instruction[] {
  return assemble([
    ...(addressBytes === 4 ? [step(LDX_HEADER, 0), step(LD_X.half, 2)] : [step(LD.half, 2)]),
    ...ports.map((port) => ifEqual(port, 'kept')),
    step(RETURN, 0),
    at('kept'),
    step(RETURN, 0xffff_ffff),
  ]);
}
