// The connections that a page's address asks for: filter, search and order go to the collector, one of the rows is selected.
import { onMount } from 'svelte';
import { live } from '../live/live.svelte.ts';
import { parseSort } from '../table/sort.ts';
import { viewParameters, type View } from '../time/view.ts';
import { parameter, parameters, setParameters } from '../ui/address-bar.ts';
import { sortableColumns } from './connection-columns.ts';
import { filterTextOf, parseFilter } from './connection-filter.ts';
import type { ConnectionList } from './connection-list.svelte.ts';
import type { ConnectionRow } from './connection-row.ts';
import { readConnections } from './read-connections.ts';
import { searchParameter, serverParameters } from './scope.ts';
import { serverSort } from './server-sort.ts';

/** Typing settles before the collector is asked. */
const settleMs = 250;

export interface AskedConnections {
  readonly list: ConnectionList;
  /** Of the connection in the address; empty when none is. */
  readonly selectedId: string;
  /** Its key among the rows; undefined while it is not one of them. */
  readonly selected: number | undefined;
  readonly selectedRow: ConnectionRow | undefined;
  select(row: ConnectionRow | undefined): void;
}

/** For the life of a component. `asked` says whose and of when; undefined: nothing for now. */
export function askConnections(asked: () => { hostId: number | undefined; view: View } | undefined): AskedConnections {
  const list = readConnections();
  const filterText = $derived(filterTextOf(parameters()));
  const conditions = $derived(parseFilter(new URLSearchParams(filterText)).conditions);
  const sort = $derived(serverSort(parseSort(parameter('sort'), sortableColumns, { column: 'rx', descending: true })));
  const search = $derived(parameter('q'));
  const selectedId = $derived(parameter('selected'));
  const selected = $derived.by(() => (void list.version, selectedId === '' ? undefined : list.keyOf(selectedId)));

  const selectedRow = $derived.by(
    () => (void list.version, selected === undefined ? undefined : list.rows.get(selected)),
  );

  $effect(() => {
    const now = asked();
    if (!now || !live.fleet.loaded) return;
    const { host, ...filter } = serverParameters(conditions);
    // A search that the collector cannot do as the page does is left to the rows that come.
    const names = Array.from(live.fleet.hosts.values(), ({ name }) => name);
    const q = search === '' ? '' : (searchParameter(search, names) ?? '');
    const question = {
      path: now.hostId === undefined ? '/connections' : `/hosts/${now.hostId}/connections`,
      filter: { ...filter, ...(host && now.hostId === undefined ? { host } : {}), ...(q ? { q } : {}) },
      sort,
      time: viewParameters(now.view),
    };
    const timer = setTimeout(() => list.ask(question), list.known ? settleMs : 0);
    return () => clearTimeout(timer);
  });
  onMount(() => () => list.stop());

  return {
    list,
    get selectedId() {
      return selectedId;
    },
    get selected() {
      return selected;
    },
    get selectedRow() {
      return selectedRow;
    },
    select: (row) => setParameters({ selected: row?.id ?? null }, false),
  };
}
