// What is known of each host's processes, for the observations that name only an id: bounded, the ones unused longest go first.
import type { ProcessRow } from '../../ingest/processes.ts';
import { int8Text } from '../../ingest/small-rows.ts';
import type { Hash64 } from '../../store/ids.ts';
import type { ObservedProcess } from '../observation.ts';

const mostOfHost = 2_048;
const mostInAll = 400_000;

export type KnownProcess = ObservedProcess & { id: string };

/** 53 bits of an id, which is a keyed hash: no two processes of a host meet in them, whoever chooses. */
const keyOf = ({ high, low }: Hash64): number => (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
const keyOfText = (id: string): number => Number(BigInt.asUintN(53, BigInt(id)));

/** By host and process id. */
export class ProcessFacts {
  readonly #hosts = new Map<number, Map<number, KnownProcess>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  knows(hostId: number): boolean {
    return this.#hosts.has(hostId);
  }

  get(hostId: number, id: Hash64): KnownProcess | undefined {
    return this.#hosts.get(hostId)?.get(keyOf(id));
  }

  /** By decimal id. */
  find(hostId: number, id: string): KnownProcess | undefined {
    return this.#hosts.get(hostId)?.get(keyOfText(id));
  }

  /** Keeps what a row of the process table says. */
  learn(row: ProcessRow): KnownProcess {
    const parent = row.parentId === null ? undefined : this.get(row.hostId, row.parentId);
    return this.keep(row.hostId, {
      id: int8Text(row.id),
      pid: row.pid,
      comm: row.comm,
      executable: row.executable,
      parentComm: parent?.comm ?? '',
      user: row.user,
      unit: row.unit,
      container: row.containerId,
    });
  }

  /** A fact that is empty now and was not before stays. */
  keep(hostId: number, process: KnownProcess): KnownProcess {
    let processes = this.#hosts.get(hostId);
    if (processes === undefined) this.#hosts.set(hostId, (processes = new Map()));
    const key = keyOfText(process.id);
    const before = processes.get(key);
    const kept: KnownProcess = {
      ...process,
      executable: process.executable || before?.executable || '',
      parentComm: process.parentComm || before?.parentComm || '',
    };
    if (processes.delete(key)) this.#size--;
    processes.set(key, kept);
    this.#size++;
    if (processes.size > mostOfHost) this.#dropOldest(processes);
    if (this.#size > mostInAll) this.#dropHost(hostId);
    return kept;
  }

  /** The host was looked up and has none. */
  open(hostId: number): void {
    if (!this.#hosts.has(hostId)) this.#hosts.set(hostId, new Map());
  }

  forget(hostId: number): void {
    this.#size -= this.#hosts.get(hostId)?.size ?? 0;
    this.#hosts.delete(hostId);
  }

  #dropOldest(processes: Map<number, KnownProcess>): void {
    const [oldest] = processes.keys();
    processes.delete(oldest!);
    this.#size--;
  }

  /** The host that was looked up first, but not `keep`. */
  #dropHost(keep: number): void {
    for (const hostId of this.#hosts.keys()) if (hostId !== keep) return this.forget(hostId);
  }
}
