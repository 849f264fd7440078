// The connections of one watched host: key frames and deltas of the live lane, written into columns.
import {
  formatAddress,
  stateName,
  stateNames,
  type ConnectionUpdates,
  type LiveConnection,
  type LiveFrame,
} from '@foretop/proto/live';
import { idParts } from '../connections/connection-row.ts';
import { ConnectionStore } from '../connections/connection-store.ts';
import { visible } from '../format/visible.ts';

const known = { rx: 1, tx: 2, rtt: 4, retransmissions: 8 } as const;
const orNaN = (value: number | null | undefined): number => value ?? Number.NaN;

export class LiveConnections {
  readonly store = new ConnectionStore();
  /** Whether a whole table has come. */
  known = false;
  /** Frames of a key frame that comes in parts: what was shown stays until its last one is in. */
  #parts: LiveFrame[] | undefined;
  #seen = new Set<number>();
  /** Owners of connections, for their unit and container. */
  readonly #ownerOf: (pid: number) => { unit: string; container: string } | undefined;

  constructor(ownerOf: (pid: number) => { unit: string; container: string } | undefined) {
    this.#ownerOf = ownerOf;
  }

  apply(frame: LiveFrame): void {
    if (frame.keyFrame) this.#parts = [];
    if (this.#parts) {
      this.#parts.push(frame);
      if (frame.hasConnections) this.#replace(this.#parts);
    } else this.#change(frame);
    if (frame.hasConnections) this.known = true;
  }

  #replace(parts: readonly LiveFrame[]): void {
    this.#parts = undefined;
    this.#seen = new Set();
    for (const part of parts) this.#change(part);
    const { keys, open, used } = this.store;
    for (let slot = 0; slot < used; slot++)
      if (open[slot] === 1 && !this.#seen.has(keys[slot]!)) this.store.close(slot);
    this.#seen = new Set();
  }

  #change(frame: LiveFrame): void {
    for (const opened of frame.opened ?? []) this.#open(opened);
    if (frame.updates) this.#update(frame.updates);
    for (const handle of frame.closed ?? []) {
      const slot = this.store.slotOf(handle);
      if (slot !== undefined) this.store.close(slot);
      this.#seen.delete(handle);
    }
  }

  #open(from: LiveConnection): void {
    const { store } = this;
    const handle = from.handle ?? 0;
    const slot = store.enter(handle);
    this.#seen.add(handle);
    const { columns } = store;
    const id = idParts(from.id ?? '');
    columns.hostId[slot] = id.hostId;
    columns.idHigh[slot] = id.high;
    columns.idLow[slot] = id.low;
    columns.cookie[slot] = from.cookie ?? 0;
    const protocol = from.protocol ?? 0;
    columns.protocol[slot] = protocol === 6 || protocol === 17 ? protocol : 0;
    columns.direction[slot] = from.direction ?? 0;
    columns.localAddress[slot] = store.addresses.codeOf(addressText(from.localAddress));
    columns.localPort[slot] = from.localPort ?? 0;
    columns.remoteAddress[slot] = store.addresses.codeOf(addressText(from.remoteAddress));
    columns.remotePort[slot] = from.remotePort ?? 0;
    columns.pidStartTicks[slot] = from.pidStartTicks ?? 0;
    columns.ownerRule[slot] = from.ownerRule ?? 0;
    columns.process[slot] = store.processes.codeOf(visible(from.comm ?? ''));
    columns.uid[slot] = from.uid ?? 0;
    columns.startedMs[slot] = (from.startedUs ?? 0) / 1000;
    columns.startedBefore[slot] = from.startedBefore ? 1 : 0;
    columns.endedMs[slot] = Number.NaN;
    columns.rxBytes[slot] = orNaN(from.rxBytes);
    columns.txBytes[slot] = orNaN(from.txBytes);
    columns.rxRate[slot] = orNaN(from.rxRate);
    columns.txRate[slot] = orNaN(from.txRate);
    columns.rttUs[slot] = orNaN(from.rttUs);
    columns.retransmissions[slot] = orNaN(from.retransmissions);
    columns.name[slot] = store.names.codeOf(visible(from.name ?? ''));
    columns.nameSource[slot] = from.nameSource ?? 0;
    columns.alpn[slot] = store.protocols.codeOf(visible(from.alpn ?? ''));
    columns.connectionCount[slot] = 1;
    this.#setOwner(slot, from.pid ?? 0);
    this.#setState(slot, from.state ?? 0, 0);
  }

  #update(updates: ConnectionUpdates): void {
    const { store } = this;
    const { columns } = store;
    const handles = updates.handle ?? [];
    for (let i = 0; i < handles.length; i++) {
      const slot = store.slotOf(handles[i]!);
      if (slot === undefined) continue;
      const bits = updates.known?.[i] ?? 0;
      const value = (bit: number, list: ArrayLike<number> | null | undefined) =>
        bits & bit ? (list?.[i] ?? 0) : Number.NaN;
      columns.rxBytes[slot] = value(known.rx, updates.rxBytes);
      columns.rxRate[slot] = value(known.rx, updates.rxRate);
      columns.txBytes[slot] = value(known.tx, updates.txBytes);
      columns.txRate[slot] = value(known.tx, updates.txRate);
      columns.rttUs[slot] = value(known.rtt, updates.rttUs);
      columns.retransmissions[slot] = value(known.retransmissions, updates.retransmissions);
      this.#setState(slot, updates.state?.[i] ?? 0, columns.state[slot]!);
      const pid = updates.pid?.[i] ?? 0;
      if (pid !== 0 && pid !== columns.pid[slot]) this.#setOwner(slot, pid);
    }
  }

  #setOwner(slot: number, pid: number): void {
    const { columns, units, containers } = this.store;
    const owner = pid === 0 ? undefined : this.#ownerOf(pid);
    columns.pid[slot] = pid;
    columns.unit[slot] = units.codeOf(owner?.unit ?? '');
    columns.container[slot] = containers.codeOf(owner?.container ?? '');
  }

  /** Processes have come or changed: connections take their owners' unit and container. */
  joinOwners(): void {
    const { columns, open, used } = this.store;
    for (let slot = 0; slot < used; slot++)
      if (open[slot] === 1 && columns.pid[slot] !== 0) this.#setOwner(slot, columns.pid[slot]!);
  }

  /** A number that means nothing leaves the state as it was. */
  #setState(slot: number, state: number, before: number): void {
    const { columns } = this.store;
    const name = stateName(columns.protocol[slot] === 17 ? 17 : 6, state);
    columns.state[slot] = name === undefined ? before : stateNames.indexOf(name) + 1;
    this.store.setShape(slot);
  }
}

/** An address of a wrong length is the agent's fault and no reason to lose the table. */
function addressText(bytes: Uint8Array | null | undefined): string {
  return bytes && (bytes.length === 4 || bytes.length === 16) ? formatAddress(bytes) : '';
}
