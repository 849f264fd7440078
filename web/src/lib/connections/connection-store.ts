// Connections as columns: a slot a connection, numbers in typed arrays, texts by their codes. Rows become objects only to be shown.
import { stateNames } from '@foretop/proto/live';
import { Dictionary } from '../table/dictionary.ts';
import { shapeOf, stateShapes } from '../ui/connection-states.ts';
import { AddressDictionary } from './address-dictionary.ts';
import { connectionId, type ConnectionRow } from './connection-row.ts';
import type { PlaceIndex } from './place-index.ts';

/** What each row is made of. Floats are NaN, texts 0 and `pid` 0 where something is not known. */
export const columnTypes = {
  idHigh: Uint32Array,
  idLow: Uint32Array,
  hostId: Uint32Array,
  protocol: Uint8Array,
  /** Place in stateNames plus one. */
  state: Uint8Array,
  direction: Uint8Array,
  localAddress: Uint32Array,
  localPort: Uint16Array,
  remoteAddress: Uint32Array,
  remotePort: Uint16Array,
  pid: Uint32Array,
  pidStartTicks: Float64Array,
  ownerRule: Uint8Array,
  process: Uint32Array,
  unit: Uint32Array,
  container: Uint32Array,
  uid: Uint32Array,
  startedMs: Float64Array,
  startedBefore: Uint8Array,
  endedMs: Float64Array,
  rxBytes: Float64Array,
  txBytes: Float64Array,
  rxRate: Float64Array,
  txRate: Float64Array,
  rttUs: Float64Array,
  retransmissions: Float64Array,
  name: Uint32Array,
  nameSource: Uint8Array,
  alpn: Uint32Array,
  connectionCount: Uint32Array,
  cookie: Float64Array,
} as const;

export type ColumnName = keyof typeof columnTypes;
export type Columns = { [Name in ColumnName]: InstanceType<(typeof columnTypes)[Name]> };
export const columnNames = Object.keys(columnTypes) as ColumnName[];

/** Which dictionary the codes of a column belong to. */
export const dictionaryOf = {
  localAddress: 'addresses',
  remoteAddress: 'addresses',
  process: 'processes',
  unit: 'units',
  container: 'containers',
  name: 'names',
  alpn: 'protocols',
} as const satisfies Partial<Record<ColumnName, string>>;
export type TextColumn = keyof typeof dictionaryOf;
export const textColumns = Object.keys(dictionaryOf) as TextColumn[];

export const newColumns = (length: number): Columns =>
  Object.fromEntries(columnNames.map((name) => [name, new columnTypes[name](length)])) as unknown as Columns;

const firstCapacity = 256;
/** Closed rows keep their values for a table that shows them, up to so many. */
const mostClosed = 20_000;
/** Texts that no row has any more are looked for when there are so many more than rows. */
const idleTexts = 20_000;

const shapeCodes = [stateShapes.indexOf('closed'), ...stateNames.map((name) => stateShapes.indexOf(shapeOf(name)))];

export class ConnectionStore {
  columns = newColumns(firstCapacity);
  /** The number by which a row is known outside, never given twice; 0 where the slot is free. */
  keys = new Uint32Array(firstCapacity);
  /** 1 for a row that there is, 0 for one that has ended, 2 for one that only left this part of a list. */
  open = new Uint8Array(firstCapacity);
  /** Index into stateShapes. */
  shapes = new Uint8Array(firstCapacity);
  /** Code in `hosts`. */
  host = new Uint32Array(firstCapacity);
  /** Slots below this one have been used. */
  used = 0;
  readonly hosts = new Dictionary();
  readonly addresses = new AddressDictionary();
  readonly processes = new Dictionary();
  readonly units = new Dictionary();
  readonly containers = new Dictionary();
  readonly names = new Dictionary();
  readonly protocols = new Dictionary();
  /** Where the remote addresses are; undefined until somebody looks. */
  places: PlaceIndex | undefined;
  readonly #slots = new Map<number, number>();
  #free: number[] = [];
  #closed: number[] = [];
  #textsAfterCleaning = 0;

  get size(): number {
    return this.#slots.size;
  }

  slotOf(key: number): number | undefined {
    return this.#slots.get(key);
  }

  /** The slot of a key, new unless there is one already. */
  enter(key: number): number {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#free.pop() ?? this.used++;
    if (slot >= this.keys.length) this.#grow();
    this.keys[slot] = key;
    this.open[slot] = 1;
    this.#slots.set(key, slot);
    return slot;
  }

  /** To be called when `state` of a slot was set. */
  setShape(slot: number): void {
    this.shapes[slot] = shapeCodes[this.columns.state[slot]!] ?? shapeCodes[0]!;
  }

  /** The row is no longer among those that there are; a table that still shows it finds its last values. */
  close(slot: number, ended = true): void {
    if (this.open[slot] !== 1) return;
    this.open[slot] = ended ? 0 : 2;
    this.#slots.delete(this.keys[slot]!);
    if (this.#closed.push(slot) > mostClosed) this.#release(this.#closed.splice(0, mostClosed / 2));
  }

  /** Nobody shows closed rows any more: their slots may be used again. */
  settle(): void {
    this.#release(this.#closed.splice(0));
    this.#forgetTexts();
  }

  #release(slots: number[]): void {
    for (const slot of slots) {
      this.keys[slot] = 0;
      this.#free.push(slot);
    }
  }

  get(key: number): ConnectionRow | undefined {
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : this.row(slot);
  }

  row(slot: number): ConnectionRow {
    const { columns } = this;
    const known = (value: number) => (Number.isNaN(value) ? null : value);
    const protocol = columns.protocol[slot];
    return {
      key: this.keys[slot]!,
      id: connectionId(columns.hostId[slot]!, columns.idHigh[slot]!, columns.idLow[slot]!),
      hostId: columns.hostId[slot]!,
      host: this.hosts.texts[this.host[slot]!]!,
      cookie: columns.cookie[slot]!,
      protocol: protocol === 6 ? 'tcp' : protocol === 17 ? 'udp' : '',
      state: stateNames[columns.state[slot]! - 1] ?? '',
      direction: columns.direction[slot]!,
      localAddress: this.addresses.texts[columns.localAddress[slot]!]!,
      localPort: columns.localPort[slot]!,
      remoteAddress: this.addresses.texts[columns.remoteAddress[slot]!]!,
      remotePort: columns.remotePort[slot]!,
      pid: columns.pid[slot]! || null,
      pidStartTicks: columns.pidStartTicks[slot]!,
      ownerRule: columns.ownerRule[slot]!,
      process: this.processes.texts[columns.process[slot]!]!,
      unit: this.units.texts[columns.unit[slot]!]!,
      container: this.containers.texts[columns.container[slot]!]!,
      uid: columns.uid[slot]!,
      startedMs: columns.startedMs[slot]!,
      startedBefore: columns.startedBefore[slot] === 1,
      endedMs: known(columns.endedMs[slot]!),
      rxBytes: known(columns.rxBytes[slot]!),
      txBytes: known(columns.txBytes[slot]!),
      rxRate: known(columns.rxRate[slot]!),
      txRate: known(columns.txRate[slot]!),
      rttUs: known(columns.rttUs[slot]!),
      retransmissions: known(columns.retransmissions[slot]!),
      name: this.names.texts[columns.name[slot]!]!,
      nameSource: columns.nameSource[slot]!,
      alpn: this.protocols.texts[columns.alpn[slot]!]!,
      connectionCount: columns.connectionCount[slot]!,
      place: this.places?.words(columns.remoteAddress[slot]!),
      closed: this.open[slot] === 0,
    };
  }

  #grow(): void {
    const length = this.keys.length * 2;
    const columns = newColumns(length);
    for (const name of columnNames) columns[name].set(this.columns[name]);
    this.columns = columns;
    const grown = <T extends Uint32Array | Uint8Array>(larger: T, from: T): T => (larger.set(from), larger);
    this.keys = grown(new Uint32Array(length), this.keys);
    this.open = grown(new Uint8Array(length), this.open);
    this.shapes = grown(new Uint8Array(length), this.shapes);
    this.host = grown(new Uint32Array(length), this.host);
  }

  #forgetTexts(): void {
    const texts = this.addresses.size + this.names.size + this.processes.size + this.containers.size;
    if (texts < this.#textsAfterCleaning * 2 + this.size + idleTexts) return;
    const groups = Map.groupBy(textColumns, (name) => dictionaryOf[name]);
    for (const [dictionary, names] of groups) {
      const found = new Uint8Array(this[dictionary].size);
      for (const name of names) for (let slot = 0; slot < this.used; slot++) found[this.columns[name][slot]!] = 1;
      const moved = this[dictionary].keep(found);
      if (dictionary === 'addresses') this.places?.moved(moved);
      for (const name of names) {
        const column = this.columns[name];
        for (let slot = 0; slot < this.used; slot++) column[slot] = moved[column[slot]!]!;
      }
    }
    this.#textsAfterCleaning = this.addresses.size + this.names.size + this.processes.size + this.containers.size;
  }
}
