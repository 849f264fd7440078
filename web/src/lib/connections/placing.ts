// Asks the collector where the far ends of a table's rows are: each public address once, many in one request, one request at a time.
import type { Attribution, PlaceDatabase, RowPlace, RowPlaceList } from '@foretop/proto/api';
import { request } from '../api/client.ts';
import { isPublic } from '../net/public-address.ts';
import { columnChanges, type ColumnChanges, type PlaceColumn } from './column-changes.ts';
import type { Condition } from './connection-filter.ts';
import type { ConnectionStore } from './connection-store.ts';
import { PlaceIndex } from './place-index.ts';

/** As many as one request may have. */
const mostAtOnce = 300;
/** What hosts that were shown before talked to is known without asking again. */
const mostKept = 20_000;
const paceMs = 100;
const retryMs = 5_000;
/** Tables are not sorted anew more often than by what their rows do. */
const publishMs = 1_000;

const known = new Map<string, RowPlace | null>();

function keep(address: string, place: RowPlace | null): void {
  known.delete(address);
  known.set(address, place);
  if (known.size > mostKept) known.delete(known.keys().next().value!);
}

type Missing = Partial<Record<PlaceColumn, string>>;

export interface Placing {
  /** What is to be changed of the columns; the same object as long as nothing else is. @param sorted the column by which rows are sorted */
  columns(sorted: string, conditions: readonly Condition[]): ColumnChanges;
  /** To be named where the places are shown. */
  readonly attributions: readonly Attribution[];
  /** Takes what is known into the store, and asks for some of what is not; `onchange` follows in any case. @param filtered see PlaceIndex */
  look(store: ConnectionStore, filtered: boolean): void;
  stop(): void;
}

type Ask = (addresses: readonly string[], signal: AbortSignal) => Promise<RowPlaceList>;

const askCollector: Ask = (addresses, signal) =>
  request<RowPlaceList>('/places/rows', { method: 'POST', body: { addresses }, signal });

/** @param onchange places have come, or what is missing has. */
export function createPlacing(onchange: () => void, askRows = askCollector): Placing {
  const stop = new AbortController();
  /** Why no row can have something in a column. */
  let missing: Missing = {};
  /** Of what is shown no address is left whose place is asked for. */
  let through = false;
  let empty: readonly PlaceColumn[] = [];
  let changes: ColumnChanges = {};
  let attributions: readonly Attribution[] = [];
  let answered = false;
  let busy = false;
  let settled = false;
  let current: ConnectionStore | undefined;
  let publishedMs = -Infinity;
  let publishing: ReturnType<typeof setTimeout> | undefined;
  let waiting: ReturnType<typeof setTimeout> | undefined;

  function publish(): void {
    settled = true;
    publishing ??= setTimeout(
      () => {
        publishing = undefined;
        publishedMs = performance.now();
        onchange();
      },
      Math.max(0, publishedMs + publishMs - performance.now()),
    );
  }

  function step(): void {
    if (busy || current === undefined) return;
    const { filled, wanted } = take(current, answered);
    through ||= wanted.length === 0 && current.size > 0;
    const before = empty.length;
    const { places } = current;
    empty = through ? placeColumns.filter((column) => !places?.fills(column)) : [];
    if (filled || empty.length !== before || (!settled && wanted.length === 0)) publish();
    if (wanted.length === 0) return;
    busy = true;
    void ask(wanted).then((pauseMs) => {
      if (stop.signal.aborted) return;
      waiting = setTimeout(() => {
        busy = false;
        step();
      }, pauseMs);
    });
  }

  /** @returns how long to wait before the next. */
  async function ask(addresses: readonly string[]): Promise<number> {
    const answer = await askRows(addresses, stop.signal).catch(() => undefined);
    if (stop.signal.aborted) return 0;
    if (answer === undefined) {
      if (!settled) publish();
      return retryMs;
    }
    for (const address of addresses) keep(address, null);
    for (const { address, place } of answer.items) keep(address, place);
    answered = true;
    missing = missingOf(answer.databases);
    if (answer.attributions.length !== attributions.length) attributions = answer.attributions;
    if (current !== undefined) take(current, answered);
    publish();
    return paceMs;
  }

  return {
    columns(sorted, conditions) {
      // Equal ones stay the same, so that nothing is laid out anew.
      const now = columnChanges({ missing, empty, sorted, conditions });
      if (JSON.stringify(now) !== JSON.stringify(changes)) changes = now;
      return changes;
    },
    get attributions() {
      return attributions;
    },
    look(store, filtered) {
      store.places ??= new PlaceIndex(filtered);
      if (current !== store) through = false;
      current = store;
      step();
    },
    stop() {
      stop.abort();
      clearTimeout(publishing);
      clearTimeout(waiting);
    },
  };
}

/** Marks what needs no question. Rows may know every place while nobody knows yet which databases there are: then one address is asked for. */
function take(store: ConnectionStore, answered: boolean): { filled: boolean; wanted: string[] } {
  const { addresses, columns, open, used } = store;
  const places = store.places!;
  const wanted = new Set<string>();
  let filled = false;
  let some = '';
  for (let slot = 0; slot < used && wanted.size < mostAtOnce; slot++) {
    const code = columns.remoteAddress[slot]!;
    if (code === 0 || open[slot] !== 1) continue;
    if (places.isKnown(code)) {
      if (!answered && some === '' && places.words(code)) some = addresses.texts[code]!;
      continue;
    }
    const address = addresses.texts[code]!;
    const place = known.get(address);
    if (place !== undefined) {
      keep(address, place);
      places.set(code, place);
      filled = true;
    } else if (isPublic(address)) wanted.add(address);
    else places.set(code, null);
  }
  if (wanted.size === 0 && some !== '') wanted.add(some);
  return { filled, wanted: [...wanted] };
}

const placeColumns = ['country', 'network'] as const;
const words = { city: ['country', 'No place database'], asn: ['network', 'No network database'] } as const;

function missingOf(databases: readonly Pick<PlaceDatabase, 'kind' | 'state'>[]): Missing {
  return Object.fromEntries(
    databases
      .filter(({ state }) => state === 'off' || state === 'missing' || state === 'faulty')
      .map(({ kind }) => words[kind]),
  );
}
