// Which registered names each program of each host asked for lately, how they were answered, and how generated they look.
import { dgaScore } from '../../names/dga.ts';
import { shippedModels } from '../../names/shipped-models.ts';
import { normaliseName, splitName } from '../../names/split.ts';
import type { DnsObservation, HostKey } from '../../observation.ts';
import { LruMap } from './lru-map.ts';
import { OfHosts } from './of-hosts.ts';

export interface AskedName {
  registrable: string;
  /** 0 … 1 */
  score: number;
  /** Nobody has registered it: NXDOMAIN, and never an address. */
  missing: boolean;
  resolved: boolean;
  firstUs: number;
  lastUs: number;
  id: string;
}

/** One program of a host; in the resolver's role of a host, one that asks it. */
export interface Asker {
  host: HostKey;
  who: string;
  /** By registered name, the one asked for longest ago first. */
  names: Map<string, AskedName>;
  /** For the detector: what it last told, and when it began. */
  told: number;
  toldUs: number;
  startUs: number;
}

const mostAskers = 8_192;
const mostNames = 400;
const mostScores = 20_000;
const nxdomain = 3;
/** What save writes of each host: some 30 KB at most. */
const mostSavedAskers = 20;
const mostSavedNames = 100;
/** A score from which a name is worth saving an asker for. */
const likely = 0.5;

export class AskedNames {
  readonly #windowUs: () => number;
  readonly #askers = new OfHosts<Asker>(mostAskers);
  readonly #scores = new LruMap<string, number>(mostScores);

  /** The window may be set anew while it runs. */
  constructor(windowUs: () => number) {
    this.#windowUs = windowUs;
  }

  /** The asker with the name added; undefined where nothing in the name can be registered. */
  add(observation: DnsObservation): Asker | undefined {
    if (observation.service !== 'dns') return undefined;
    const split = splitName(normaliseName(observation.name));
    if (!split) return undefined;
    const { host, atUs, id, rcode } = observation;
    const who = askerOf(observation);
    const asker = this.#askers.getOrMake(`${host} ${who}`, () => newAsker(host, who, atUs));
    const { registrable } = split;
    const known = asker.names.get(registrable);
    asker.names.delete(registrable);
    const resolved = (known?.resolved ?? false) || (rcode === 0 && observation.addresses.length > 0);
    // A suffix of a search list exists: only names below it do not.
    const missing = !resolved && (rcode === nxdomain || known?.missing === true) && rcode !== 0;
    asker.names.set(registrable, {
      registrable,
      score: known?.score ?? this.#score(registrable),
      missing,
      resolved: resolved || rcode === 0,
      firstUs: known?.firstUs ?? atUs,
      lastUs: Math.max(atUs, known?.lastUs ?? atUs),
      id,
    });
    for (const [name, { lastUs }] of asker.names) {
      if (asker.names.size <= mostNames && lastUs >= atUs - this.#windowUs()) break;
      asker.names.delete(name);
    }
    return asker;
  }

  forget(host: HostKey): void {
    this.#askers.forget(host);
  }

  /** Of askers with a name that nobody has registered or that looks generated. The others' names stand for the share. */
  save(host: HostKey): unknown {
    const rows = this.#askers.of(host).flatMap(({ who, names, told, toldUs, startUs }) => {
      const kept = [...names.values()].slice(-mostSavedNames);
      if (!kept.some(({ missing, score }) => missing || score >= likely)) return [];
      const saved = kept.map(({ registrable, missing, resolved, firstUs, lastUs, id }) => [
        ...[registrable, Number(missing), Number(resolved), firstUs, lastUs, id],
      ]);
      return [[who, told, Number.isFinite(toldUs) ? toldUs : 0, startUs, saved]];
    });
    return rows.length === 0 ? undefined : rows.slice(-mostSavedAskers);
  }

  restore(host: HostKey, state: unknown): void {
    for (const row of Array.isArray(state) ? state.slice(0, mostSavedAskers) : []) {
      if (!Array.isArray(row) || typeof row[0] !== 'string' || !Array.isArray(row[4])) continue;
      const [who, told, toldUs, startUs, names] = row as [string, number, number, number, unknown[]];
      const asker = newAsker(host, who, Number(startUs) || 0);
      asker.told = Number(told) || 0;
      if (Number(toldUs) > 0) asker.toldUs = Number(toldUs);
      for (const name of names.slice(0, mostSavedNames)) {
        if (!Array.isArray(name) || typeof name[0] !== 'string') continue;
        const [registrable, missing, resolved, firstUs, lastUs, id] = name as [string, ...unknown[]];
        asker.names.set(registrable, {
          ...{ registrable, score: this.#score(registrable), missing: missing === 1, resolved: resolved === 1 },
          ...{ firstUs: Number(firstUs) || 0, lastUs: Number(lastUs) || 0, id: String(id) },
        });
      }
      this.#askers.set(`${host} ${who}`, asker);
    }
  }

  #score(registrable: string): number {
    return this.#scores.getOrCreate(registrable, () => dgaScore(shippedModels(), registrable));
  }
}

const newAsker = (host: HostKey, who: string, startUs: number): Asker => ({
  ...{ host, who, names: new Map<string, AskedName>(), told: 0, toldUs: -Infinity, startUs },
});

/** The program, or whoever asks a host that is a resolver. */
export function askerOf({ role, peer, process }: DnsObservation): string {
  return role === 'server' ? peer.address : (process?.comm ?? '');
}
