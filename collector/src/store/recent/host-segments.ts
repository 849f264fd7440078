// One host's segments of the last minutes as columns, each knowing from when on a newer one speaks for its connection.
import type { Hash64 } from '../siphash.ts';
import type { SharedTexts } from './shared-texts.ts';

/** Times in Unix microseconds. */
export interface RecentRow {
  connection: Hash64;
  startUs: number;
  endUs: number;
  startedUs: number;
  closed: boolean;
  /** It stands for many short connections, and is never joined with another row. */
  folded: boolean;
  comm: string;
  /** null: not known. */
  process: Hash64 | null;
  /** Empty: no peer. */
  remoteAddress: Uint8Array;
  protocol: number;
  state: number;
  direction: number;
  /** null = not counted. */
  rxBytes: number | null;
  txBytes: number | null;
}

const isClosed = 1;
const isFolded = 2;
const firstCapacity = 64;

export class HostSegments {
  length = 0;
  startUs = new Float64Array(firstCapacity);
  endUs = new Float64Array(firstCapacity);
  startedUs = new Float64Array(firstCapacity);
  /** From when on another segment of the same connection, with a later end, is there; Infinity: none. */
  supersededUs = new Float64Array(firstCapacity);
  /** NaN = not counted. */
  rxBytes = new Float64Array(firstCapacity);
  txBytes = new Float64Array(firstCapacity);
  high = new Int32Array(firstCapacity);
  low = new Int32Array(firstCapacity);
  /** The id of the process; 0 and 0: not known. */
  processHigh = new Int32Array(firstCapacity);
  processLow = new Int32Array(firstCapacity);
  /** A place among the shared texts. */
  comm = new Uint32Array(firstCapacity);
  /** An IPv4 address itself, or the place of another one's hex digits; see `family`. */
  remote = new Uint32Array(firstCapacity);
  /** Of the remote address: 4 or 6; 0: no peer. */
  family = new Uint8Array(firstCapacity);
  protocol = new Uint8Array(firstCapacity);
  state = new Uint8Array(firstCapacity);
  direction = new Uint8Array(firstCapacity);
  #flags = new Uint8Array(firstCapacity);
  /** By the connection's hash: its newest row, plus one; 0 = free. */
  #newest = new Int32Array(firstCapacity * 2);
  readonly #texts: SharedTexts;

  constructor(texts: SharedTexts) {
    this.#texts = texts;
  }

  add(row: RecentRow): void {
    if (this.length === this.endUs.length) this.#grow();
    const at = this.length++;
    this.startUs[at] = row.startUs;
    this.endUs[at] = row.endUs;
    this.startedUs[at] = row.startedUs;
    this.supersededUs[at] = Infinity;
    this.rxBytes[at] = row.rxBytes ?? NaN;
    this.txBytes[at] = row.txBytes ?? NaN;
    this.high[at] = row.connection.high;
    this.low[at] = row.connection.low;
    this.comm[at] = this.#texts.use(row.comm);
    this.processHigh[at] = row.process?.high ?? 0;
    this.processLow[at] = row.process?.low ?? 0;
    this.#setRemote(at, row.remoteAddress);
    this.protocol[at] = row.protocol;
    this.state[at] = row.state;
    this.direction[at] = row.direction;
    this.#flags[at] = (row.closed ? isClosed : 0) | (row.folded ? isFolded : 0);
    if (!row.folded) this.#join(at);
  }

  /**
   * Whether a row speaks for its connection at T: it spans T, or ended within `reachUs` before it, is not closed, and nothing
   * newer had begun.
   */
  speaksAt(row: number, atUs: number, reachUs: number): boolean {
    if (this.startUs[row]! > atUs) return false;
    const endUs = this.endUs[row]!;
    if (endUs > atUs) return endUs <= atUs + reachUs;
    return endUs > atUs - reachUs && (this.#flags[row]! & isClosed) === 0 && this.supersededUs[row]! > atUs;
  }

  /** Lets go of what speaks for no T from `sinceUs` on. */
  sweep(sinceUs: number, reachUs: number): void {
    let kept = 0;
    for (let row = 0; row < this.length; row++) {
      const endUs = this.endUs[row]!;
      const open = (this.#flags[row]! & isClosed) === 0;
      if (endUs > sinceUs || (open && endUs > sinceUs - reachUs && this.supersededUs[row]! > sinceUs)) {
        if (kept !== row) this.#move(row, kept);
        kept++;
      } else this.#releaseTexts(row);
    }
    if (kept === this.length) return;
    this.length = kept;
    if (this.endUs.length > 4 * firstCapacity && kept * 3 < this.endUs.length) this.#resize(kept * 2);
    this.#index();
  }

  #setRemote(at: number, address: Uint8Array): void {
    this.family[at] = address.length === 0 ? 0 : address.length === 4 ? 4 : 6;
    if (address.length === 4)
      this.remote[at] = (address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!;
    else if (address.length > 0) this.remote[at] = this.#texts.use(Buffer.from(address).toString('hex'));
  }

  #releaseTexts(row: number): void {
    this.#texts.release(this.comm[row]!);
    if (this.family[row] === 6) this.#texts.release(this.remote[row]!);
  }

  /** Segments come in the order of their ends, but for clocks that were set, and for those of one batch. */
  #join(at: number): void {
    const place = this.#placeOf(at);
    const newest = this.#newest[place]! - 1;
    if (newest < 0) {
      this.#newest[place] = at + 1;
      return;
    }
    if (this.endUs[at]! > this.endUs[newest]! && this.startUs[at]! >= this.startUs[newest]!) {
      this.supersededUs[newest] = Math.min(this.supersededUs[newest]!, this.startUs[at]!);
      this.#newest[place] = at + 1;
      return;
    }
    for (let row = 0; row < at; row++) {
      if (!this.#isSame(row, at)) continue;
      const [older, newer] = this.endUs[row]! < this.endUs[at]! ? [row, at] : [at, row];
      if (this.endUs[older]! < this.endUs[newer]!)
        this.supersededUs[older] = Math.min(this.supersededUs[older]!, this.startUs[newer]!);
    }
    if (this.endUs[at]! > this.endUs[newest]!) this.#newest[place] = at + 1;
  }

  #isSame(a: number, b: number): boolean {
    return this.high[a] === this.high[b] && this.low[a] === this.low[b] && (this.#flags[a]! & isFolded) === 0;
  }

  /** Where the connection of a row stands among the newest, or would. */
  #placeOf(row: number): number {
    const mask = this.#newest.length - 1;
    // The ids are keyed hashes already.
    for (let place = this.low[row]! & mask; ; place = (place + 1) & mask) {
      const other = this.#newest[place]! - 1;
      if (other < 0 || (this.high[other] === this.high[row] && this.low[other] === this.low[row])) return place;
    }
  }

  #index(): void {
    const places = 2 ** Math.ceil(Math.log2(this.endUs.length * 2));
    if (this.#newest.length === places) this.#newest.fill(0);
    else this.#newest = new Int32Array(places);
    for (let row = 0; row < this.length; row++) {
      if ((this.#flags[row]! & isFolded) !== 0) continue;
      const place = this.#placeOf(row);
      const newest = this.#newest[place]! - 1;
      if (newest < 0 || this.endUs[row]! > this.endUs[newest]!) this.#newest[place] = row + 1;
    }
  }

  #grow(): void {
    this.#resize(Math.ceil(this.endUs.length * 1.5));
    this.#index();
  }

  #resize(capacity: number): void {
    const doubles = (from: Float64Array) => copyInto(from.subarray(0, this.length), new Float64Array(capacity));
    const words = (from: Uint32Array) => copyInto(from.subarray(0, this.length), new Uint32Array(capacity));
    const halves = (from: Int32Array) => copyInto(from.subarray(0, this.length), new Int32Array(capacity));
    const bytes = (from: Uint8Array) => copyInto(from.subarray(0, this.length), new Uint8Array(capacity));
    this.startUs = doubles(this.startUs);
    this.endUs = doubles(this.endUs);
    this.startedUs = doubles(this.startedUs);
    this.supersededUs = doubles(this.supersededUs);
    this.rxBytes = doubles(this.rxBytes);
    this.txBytes = doubles(this.txBytes);
    this.high = halves(this.high);
    this.low = halves(this.low);
    this.processHigh = halves(this.processHigh);
    this.processLow = halves(this.processLow);
    this.comm = words(this.comm);
    this.remote = words(this.remote);
    this.family = bytes(this.family);
    this.protocol = bytes(this.protocol);
    this.state = bytes(this.state);
    this.direction = bytes(this.direction);
    this.#flags = bytes(this.#flags);
  }

  #move(from: number, to: number): void {
    this.startUs[to] = this.startUs[from]!;
    this.endUs[to] = this.endUs[from]!;
    this.startedUs[to] = this.startedUs[from]!;
    this.supersededUs[to] = this.supersededUs[from]!;
    this.rxBytes[to] = this.rxBytes[from]!;
    this.txBytes[to] = this.txBytes[from]!;
    this.high[to] = this.high[from]!;
    this.low[to] = this.low[from]!;
    this.processHigh[to] = this.processHigh[from]!;
    this.processLow[to] = this.processLow[from]!;
    this.comm[to] = this.comm[from]!;
    this.remote[to] = this.remote[from]!;
    this.family[to] = this.family[from]!;
    this.protocol[to] = this.protocol[from]!;
    this.state[to] = this.state[from]!;
    this.direction[to] = this.direction[from]!;
    this.#flags[to] = this.#flags[from]!;
  }
}

function copyInto<Column extends { set(from: ArrayLike<number>): void }>(
  from: ArrayLike<number>,
  into: Column,
): Column {
  into.set(from);
  return into;
}
