// Counts over everything that a filter finds, asked of the collector while not every row is here.
import type { ConnectionFacets } from '@foretop/proto/api';
import type { StateName } from '@foretop/proto/live';
import { request } from '../api/client.ts';
import { live } from '../live/live.svelte.ts';
import { shapeOf, stateShapes } from '../ui/connection-states.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import type { ConnectionCounts } from './connection-query.ts';
import { exactParameters, type Scope } from './scope.ts';

const everyMs = 5000;
/** Typing and clicking settle before anything is asked. */
const settleMs = 250;

export class ExactCounts {
  /** undefined: not known, or not asked for. */
  current = $state.raw<ConnectionCounts | undefined>();
  #asked = '';

  /** To be called in an effect: ends with it. */
  ask(question: { scope: Scope; filter: ConnectionFilter } | undefined): (() => void) | undefined {
    const paths = question && pathsOf(question.scope, question.filter);
    if (this.#asked !== String(paths)) this.current = undefined;
    this.#asked = String(paths);
    if (!paths) return undefined;
    const stop = new AbortController();
    const read = async () => {
      if (document.visibilityState !== 'visible' || live.pausedAtMs !== undefined) return;
      const answers = Promise.all(
        [...new Set(paths)].map((path) => request<ConnectionFacets>(path, { signal: stop.signal })),
      );
      const found = await answers.catch(() => undefined);
      if (!stop.signal.aborted && found) this.current = countsOf(found[0]!, found[1] ?? found[0]!);
    };
    const isPresent = question.scope.time.at === '' && question.scope.time.from === '';
    const first = setTimeout(() => void read(), settleMs);
    const timer = isPresent ? setInterval(() => void read(), everyMs) : undefined;
    return () => {
      stop.abort();
      clearTimeout(first);
      clearInterval(timer);
    };
  }
}

/** States are counted within the filter but for its states, processes within the filter but for its processes. */
function pathsOf(scope: Scope, filter: ConnectionFilter): [string, string] | undefined {
  const names = Array.from(live.fleet.hosts.values(), (host) => host.name);
  const without = (field: string) => {
    const conditions = filter.conditions.filter((one) => one.field !== field || one.exclude);
    const parameters = exactParameters(scope, { ...filter, conditions }, names);
    return parameters && `/connections/facets?${parameters.toString()}`;
  };
  const [states, processes] = [without('state'), without('process')];
  return states === undefined || processes === undefined ? undefined : [states, processes];
}

function countsOf(states: ConnectionFacets, processes: ConnectionFacets): ConnectionCounts {
  const byShape = Object.fromEntries(stateShapes.map((shape) => [shape, 0])) as ConnectionCounts['byShape'];
  for (const [state, connections] of Object.entries(states.byState))
    byShape[shapeOf(state as StateName)] += connections;
  return { total: states.total, byShape, processes: processes.processes };
}
