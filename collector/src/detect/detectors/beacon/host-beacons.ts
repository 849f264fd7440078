// One host's destinations and their rhythms, bounded: those seen once take a number, those seen again a series.
import { LruMap } from '../lib/lru-map.ts';
import type { ObservedProcess } from '../../observation.ts';
import { BeatSeries, type Start } from './beat-series.ts';
import type { Destination } from './judge.ts';

/** A day of browsing touches some thousand destinations, some hundred of them again. */
export const mostSeries = 384;
const portMappers: ReadonlySet<number> = new Set([111, 135]);
const mostSeenOnce = 2_048;
/** Candidates that are looked at for the one to forget. */
const evictionWindow = 8;
/** What save writes at most, some 100 KB; it is called every minute for each host. */
const mostSavedSeries = 80;
const mostSavedStarts = 4_000;
const mostSavedOnce = 300;
/** Starts of a series that has not been found: enough to go on with. */
const startsUnfound = 48;
const longestSavedPath = 256;
/** Sizes are one class within this share of its first. */
const sizeClassWidth = 0.06;
const mostSizeClasses = 12;

export interface Tracked {
  key: readonly string[];
  series: BeatSeries;
  destination: Destination;
  process: ObservedProcess | undefined;
  /** Starts from which it is judged anew, and the time. */
  judgeAt: number;
  judgeAfter: number;
  /** Newest connection ids. */
  ids: string[];
  /** In a stream: the connection that is looked at, and whether its last span had nothing to send. */
  followed: { id: string; atUs: number; idle: boolean } | undefined;
  /** Sizes by which its starts are told apart, once it is busy without a beat. */
  sizeClasses: number[] | undefined;
  found: boolean;
  /** Seconds, once found. */
  period: number;
}

interface SavedTracked {
  key: readonly string[];
  destination: Destination;
  process: ObservedProcess | undefined;
  series: unknown;
  found: boolean;
  period: number;
  sizeClasses?: number[];
}

export class HostBeacons {
  readonly #series = new LruMap<string, Tracked>(mostSeries + mostSizeClasses);
  /** Hash of the key → when it was seen, seconds. */
  readonly #once = new LruMap<number, Start>(mostSeenOnce);

  get size(): number {
    return this.#series.size;
  }

  /** The destination's series if it has been seen before; the first time it is only noted. */
  track(
    key: readonly string[],
    start: Start,
    describe: () => Destination,
    process: ObservedProcess | undefined,
  ): Tracked | undefined {
    const text = key.join('\t');
    const present = this.#series.get(text);
    if (present !== undefined) return present;
    const hash = hashOf(text);
    const before = this.#once.get(hash);
    if (before === undefined) {
      this.#once.set(hash, start);
      return undefined;
    }
    this.#once.delete(hash);
    const tracked = this.open(key, describe(), process);
    tracked.series.add(before);
    return tracked;
  }

  /** A series from the first time on. */
  open(key: readonly string[], destination: Destination, process: ObservedProcess | undefined): Tracked {
    const text = key.join('\t');
    const present = this.#series.get(text);
    if (present !== undefined) return present;
    const tracked: Tracked = {
      key,
      series: new BeatSeries(),
      destination,
      process,
      judgeAt: 0,
      judgeAfter: 0,
      ids: [],
      followed: undefined,
      sizeClasses: undefined,
      found: false,
      period: 0,
    };
    this.#series.set(text, tracked);
    return tracked;
  }

  /** How many other destinations the same program calls on the same port at about this period. */
  alike({ key, destination }: Tracked, period: number): number {
    let alike = 0;
    for (const other of this.#series.values()) {
      const isOther = other.key[0] === key[0] && other.destination.port === destination.port && other.key[1] !== key[1];
      if (other.found && isOther && Math.abs(other.period - period) <= 0.1 * period) alike++;
    }
    return alike;
  }

  /** Whether the port mapper (ONC RPC, RFC 1833, or DCE RPC) of the same address is asked again and again. */
  hasPortMapper({ destination }: Tracked): boolean {
    for (const { destination: other } of this.#series.values())
      if (portMappers.has(other.port) && other.address === destination.address) return true;
    return false;
  }

  /** Forgets the series that is furthest behind its own rhythm, of some that take turns. */
  makeRoom(nowSeconds: number, limit: number): void {
    while (this.#series.size > limit) {
      const candidates = [...first(this.#series.entries(), evictionWindow)];
      const overdue = ({ series }: Tracked) => {
        const typical = Math.max(1, (series.last - series.first) / Math.max(1, series.starts.length - 1));
        return (nowSeconds - series.last) / typical;
      };
      const [worst, ...others] = candidates.toSorted(([, a], [, b]) => overdue(b) - overdue(a));
      this.#series.delete(worst![0]);
      for (const [text] of others) this.#series.toBack(text);
    }
  }

  save(): unknown {
    const kept: Tracked[] = [];
    let starts = 0;
    for (const tracked of [...this.#series.values()].filter(isWorth).toSorted(byWorth)) {
      starts += Math.min(tracked.series.starts.length, tracked.found ? Infinity : startsUnfound);
      if (kept.length === mostSavedSeries || starts > mostSavedStarts) break;
      kept.push(tracked);
    }
    return {
      series: kept.map(({ key, destination, process, series, found, period, sizeClasses }) => ({
        key,
        destination,
        process: process && { ...process, executable: process.executable.slice(0, longestSavedPath) },
        series: series.save(found ? Infinity : startsUnfound),
        found,
        period: Math.round(period),
        ...(sizeClasses !== undefined && { sizeClasses }),
      })),
      once: [...this.#once.entries()].slice(-mostSavedOnce).flatMap(([hash, { at }]) => [hash, Math.round(at)]),
    };
  }

  static restore(state: unknown): HostBeacons {
    const beacons = new HostBeacons();
    const { series, once } = (state ?? {}) as { series?: SavedTracked[]; once?: number[] };
    if (Array.isArray(once)) {
      for (let at = 0; at + 1 < Math.min(once.length, 2 * mostSeenOnce); at += 2) {
        const start = { at: Number(once[at + 1]), bytes: undefined, failed: false, localPort: 0, connected: false };
        if (Number.isFinite(start.at)) beacons.#once.set(Number(once[at]), start);
      }
    }
    if (!Array.isArray(series)) return beacons;
    for (const saved of series.slice(0, mostSavedSeries)) {
      const restored = BeatSeries.restore(saved?.series);
      if (restored === undefined || !Array.isArray(saved.key) || typeof saved.destination?.address !== 'string')
        continue;
      const tracked = beacons.open(saved.key.map(String), saved.destination, saved.process);
      tracked.series = restored;
      tracked.found = saved.found === true;
      tracked.period = Number(saved.period) || 0;
      if (Array.isArray(saved.sizeClasses))
        tracked.sizeClasses = saved.sizeClasses.map(Number).slice(0, mostSizeClasses);
    }
    return beacons;
  }
}

/** The class of a size, by its first member; -1 where all classes are taken. */
export function sizeClass(classes: number[], bytes: number): number {
  const near = classes.find((first) => Math.abs(first - bytes) <= sizeClassWidth * first);
  if (near !== undefined) return near;
  if (classes.length === mostSizeClasses) return -1;
  classes.push(bytes);
  return bytes;
}

const isWorth = ({ series, found }: Tracked) => found || series.total >= 3;
/** Found ones, then those that go back longest for how many starts they have: the slow ones are what a restart would lose. */
const byWorth = (a: Tracked, b: Tracked) => Number(b.found) - Number(a.found) || pace(b) - pace(a);
const pace = ({ series }: Tracked) => (series.last - series.first) / Math.max(1, series.total);

function* first<Item>(items: Iterable<Item>, most: number): IterableIterator<Item> {
  let taken = 0;
  for (const item of items) {
    yield item;
    if (++taken === most) return;
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
