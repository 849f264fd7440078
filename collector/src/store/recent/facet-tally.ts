// Counts rows by each thing that one may filter on next, as the database does; whose units and containers they are it alone knows.
import { formatAddress, isMapped } from '@foretop/proto';
import { type FacetCount, mostFacetValues } from '../queries/facets.ts';
import { hexOf } from '../ids.ts';
import type { HostSegments } from './host-segments.ts';
import type { SharedTexts } from './shared-texts.ts';

export interface RecentFacets {
  counts: FacetCount[];
  /** How many connections each process has; ids are 16 hex digits. */
  owners: { hostId: number; processId: string; connections: number }[];
}

const noFacet: Omit<FacetCount, 'facet' | 'connections'> = {
  protocol: null,
  state: null,
  direction: null,
  hostId: null,
  value: null,
  runtime: null,
};

/** Above all IPv4 addresses as numbers. */
const sixth = 2 ** 32;

export class FacetTally {
  readonly #texts: SharedTexts;
  readonly #states = new Map<number, number>();
  readonly #comms = new Map<number, number>();
  readonly #remotes = new Map<number, number>();
  readonly #hosts = new Map<number, number>();
  readonly #owners: RecentFacets['owners'] = [];

  constructor(texts: SharedTexts) {
    this.#texts = texts;
  }

  add(hostId: number, host: HostSegments, isWanted: (row: number) => boolean): void {
    const processes = new Map<number, Map<number, number>>();
    let wanted = 0;
    for (let row = 0; row < host.length; row++) {
      if (!isWanted(row)) continue;
      wanted++;
      count(this.#states, (host.protocol[row]! << 16) | (host.state[row]! << 8) | host.direction[row]!);
      count(this.#comms, host.comm[row]!);
      const high = host.processHigh[row]!;
      let sameHigh = processes.get(high);
      if (sameHigh === undefined) processes.set(high, (sameHigh = new Map()));
      count(sameHigh, host.processLow[row]!);
      if (host.family[row] === 4) count(this.#remotes, host.remote[row]!);
      else if (host.family[row] === 6) count(this.#remotes, sixth + host.remote[row]!);
    }
    if (wanted > 0) this.#hosts.set(hostId, wanted);
    for (const [high, lows] of processes)
      for (const [low, connections] of lows)
        if (high !== 0 || low !== 0) this.#owners.push({ hostId, processId: hexOf({ high, low }), connections });
  }

  facets(): RecentFacets {
    const states = Array.from(this.#states, ([key, connections]): FacetCount => ({
      ...noFacet,
      facet: 'state',
      protocol: key >> 16,
      state: (key >> 8) & 255,
      direction: key & 255,
      connections,
    }));
    const comms = Array.from(this.#comms, ([place, n]): Valued => [this.#texts.at(place), n]);
    const hosts = Array.from(this.#hosts, ([hostId, n]): Valued<number> => [hostId, n]);
    return {
      counts: [
        ...states,
        ...most(comms.filter(([comm]) => comm !== '')).map(([value, connections]): FacetCount => ({
          ...noFacet,
          facet: 'process',
          value,
          connections,
        })),
        ...most(hosts).map(([hostId, connections]): FacetCount => ({ ...noFacet, facet: 'host', hostId, connections })),
        ...this.#largestRemotes(),
      ],
      owners: this.#owners,
    };
  }

  /** Those of IPv4 before those of IPv6, each in the order of their bytes, where they are as many. */
  #largestRemotes(): FacetCount[] {
    const named = Array.from(this.#remotes, ([remote, n]): Valued => [
      remote < sixth ? remote.toString(16).padStart(8, '0') : `x${this.#texts.at(remote - sixth)}`,
      n,
    ]);
    return most(named).map(([digits, connections]) => ({
      ...noFacet,
      facet: 'remote',
      value: addressText(Buffer.from(digits.replace('x', ''), 'hex')),
      connections,
    }));
  }
}

/** As Postgres writes it. */
const addressText = (address: Uint8Array) =>
  isMapped(address) ? `::ffff:${formatAddress(address)}` : formatAddress(address);

type Valued<Value = string> = [value: Value, connections: number];

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function most<Value extends string | number>(valued: Valued<Value>[]): Valued<Value>[] {
  return valued.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, mostFacetValues);
}
