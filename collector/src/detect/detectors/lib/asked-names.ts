// Which registered names each program of each host asked for lately, how they were answered, and how generated they look.
import { dgaScore } from '../../names/dga.ts';
import { shippedModels } from '../../names/shipped-models.ts';
import { normaliseName, splitName } from '../../names/split.ts';
import type { DnsObservation, HostKey } from '../../observation.ts';
import { LruMap } from './lru-map.ts';

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

export class AskedNames {
  readonly #windowUs: () => number;
  readonly #askers = new LruMap<string, Asker>(mostAskers);
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
    const asker = this.#askers.getOrCreate(`${host} ${who}`, () => ({
      host,
      who,
      names: new Map(),
      told: 0,
      toldUs: -Infinity,
      startUs: atUs,
    }));
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
    for (const [key, asker] of [...this.#askers.entries()]) if (asker.host === host) this.#askers.delete(key);
  }

  #score(registrable: string): number {
    return this.#scores.getOrCreate(registrable, () => dgaScore(shippedModels(), registrable));
  }
}

/** The program, or whoever asks a host that is a resolver. */
export function askerOf({ role, peer, process }: DnsObservation): string {
  return role === 'server' ? peer.address : (process?.comm ?? '');
}
