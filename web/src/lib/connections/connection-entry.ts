// Batches of the REST API go into the store: which row is which by its id, values column by column.
import type { ConnectionBatch } from './connection-batch.ts';
import { columnNames, dictionaryOf, textColumns, type ColumnName, type ConnectionStore } from './connection-store.ts';

const none = 0xffff_ffff;
const plainColumns = columnNames.filter((name) => !(name in dictionaryOf)) as Exclude<
  ColumnName,
  keyof typeof dictionaryOf
>[];

/** The rows of one list, from one look at it to the next. */
export class ConnectionEntry {
  readonly #store: ConnectionStore;
  /** By the low half of the id the first slot, and from there the others that have the same. */
  readonly #first = new Map<number, number>();
  #next = new Uint32Array(256);
  /** In which look a slot was last seen. */
  #seen = new Uint32Array(256);
  #look = 1;
  #seenCount = 0;
  #nextKey = 1;

  constructor(store: ConnectionStore) {
    this.#store = store;
  }

  /** Rows seen since the look began. */
  get seen(): number {
    return this.#seenCount;
  }

  begin(): void {
    this.#look++;
    this.#seenCount = 0;
  }

  /** @param hostName names a host by its number. */
  enter(batch: ConnectionBatch, hostName: (hostId: number) => string): void {
    const store = this.#store;
    const slots = new Uint32Array(batch.length);
    for (let row = 0; row < batch.length; row++) slots[row] = this.#slotFor(batch, row);
    for (const name of plainColumns) {
      const [from, to] = [batch.columns[name], store.columns[name]];
      for (let row = 0; row < slots.length; row++) to[slots[row]!] = from[row]!;
    }
    for (const name of textColumns) {
      const [from, to] = [batch.columns[name], store.columns[name]];
      const codes = batch.texts[name].map((text) => store[dictionaryOf[name]].codeOf(text));
      for (let row = 0; row < slots.length; row++) to[slots[row]!] = codes[from[row]!]!;
      if (name === 'remoteAddress') store.places?.learn(codes, batch.places);
    }
    const hosts = new Map<number, number>();
    for (let row = 0; row < slots.length; row++) {
      const hostId = batch.columns.hostId[row]!;
      let host = hosts.get(hostId);
      if (host === undefined) hosts.set(hostId, (host = store.hosts.codeOf(hostName(hostId))));
      store.host[slots[row]!] = host;
      store.setShape(slots[row]!);
    }
  }

  /** Rows that were not seen in this look go. In a list that is not whole they may only have left the part that is read. */
  leaveUnseen(whole: boolean): void {
    const store = this.#store;
    for (let slot = 0; slot < store.used; slot++)
      if (store.open[slot] === 1 && this.#seen[slot] !== this.#look) {
        this.#unlink(slot);
        store.close(slot, whole);
      }
  }

  /** The key of the row with this id; undefined when there is none. */
  keyOf(hostId: number, high: number, low: number): number | undefined {
    const { columns, keys } = this.#store;
    for (let slot = this.#first.get(low) ?? none; slot !== none; slot = this.#next[slot]!)
      if (columns.idHigh[slot] === high && columns.hostId[slot] === hostId) return keys[slot];
    return undefined;
  }

  #slotFor(batch: ConnectionBatch, row: number): number {
    const { columns } = batch;
    const own = this.#store.columns;
    const low = columns.idLow[row]!;
    // Rows of the history that fold connections may share an id.
    const folds = columns.connectionCount[row]! > 1;
    let slot = this.#first.get(low) ?? none;
    for (; slot !== none; slot = this.#next[slot]!)
      if (
        own.idHigh[slot] === columns.idHigh[row] &&
        own.hostId[slot] === columns.hostId[row] &&
        own.connectionCount[slot]! > 1 === folds &&
        (!folds || own.startedMs[slot] === columns.startedMs[row])
      )
        break;
    if (slot === none) slot = this.#newSlot(batch, row);
    if (this.#seen[slot] !== this.#look) this.#seenCount++;
    this.#seen[slot] = this.#look;
    return slot;
  }

  #newSlot({ columns }: ConnectionBatch, row: number): number {
    const slot = this.#store.enter(this.#nextKey++);
    if (slot >= this.#next.length) {
      const [next, seen] = [new Uint32Array(this.#next.length * 2), new Uint32Array(this.#next.length * 2)];
      next.set(this.#next);
      seen.set(this.#seen);
      [this.#next, this.#seen] = [next, seen];
    }
    const own = this.#store.columns;
    const low = columns.idLow[row]!;
    this.#next[slot] = this.#first.get(low) ?? none;
    this.#first.set(low, slot);
    // A later row of the same batch may be the same one: what tells rows apart must be there already.
    own.idLow[slot] = low;
    own.idHigh[slot] = columns.idHigh[row]!;
    own.hostId[slot] = columns.hostId[row]!;
    own.startedMs[slot] = columns.startedMs[row]!;
    own.connectionCount[slot] = columns.connectionCount[row]!;
    return slot;
  }

  #unlink(slot: number): void {
    const low = this.#store.columns.idLow[slot]!;
    const next = this.#next[slot]!;
    let before = this.#first.get(low)!;
    if (before === slot) {
      if (next === none) this.#first.delete(low);
      else this.#first.set(low, next);
      return;
    }
    while (this.#next[before] !== slot) before = this.#next[before]!;
    this.#next[before] = next;
  }
}
