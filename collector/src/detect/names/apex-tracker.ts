// Remembers what was asked below each zone: one odd name is nothing, fifty different ones are a tunnel. Bounded, oldest zone first.

export interface ApexTotals {
  apex: string;
  queries: number;
  /** Different names, counted up to distinctKept and extrapolated past it. */
  distinct: number;
  /** Sum of the log-odds of different names, each within oddsBounds, and how many were at or above 0. */
  oddsSum: number;
  encoded: number;
  /** Characters below the apex, of different names. */
  belowCharacters: number;
  /** Bytes of queries and of answers, where known. */
  queryBytes: number;
  answerBytes: number;
  /** Queries of types that carry bytes back: NULL, TXT, CNAME, MX, SRV, KEY, PRIVATE. */
  carrying: number;
  firstUs: number;
  lastUs: number;
  /** One of the names with the highest odds, and the ids of some queries. */
  sample: string;
  sampleOdds: number;
  ids: string[];
}

const distinctKept = 256;
/** One name may not outvote all others. */
const oddsBounds = { below: 8, above: 6 };
const idsKept = 20;
/** Record types that tunnels bring answers in: CNAME, NULL, MX, TXT, KEY, SRV and the private range. */
const carryingTypes = new Set([5, 10, 15, 16, 25, 33]);

interface Apex extends ApexTotals {
  seen: Set<number>;
}

export interface ApexQuery {
  name: string;
  apex: string;
  below: string;
  /** Log-odds that the name is a tunnel's. */
  odds: number;
  type: number;
  queryBytes: number;
  answerBytes: number;
  count: number;
  atUs: number;
  id: string;
}

export class ApexTracker {
  readonly #most: number;
  readonly #idleUs: number;
  readonly #apexes = new Map<string, Apex>();

  /** `most` zones; one that nothing was asked of for `idleUs` begins anew. */
  constructor(most: number, idleUs: number) {
    this.#most = most;
    this.#idleUs = idleUs;
  }

  add(query: ApexQuery): ApexTotals {
    let apex = this.#apexes.get(query.apex);
    if (apex && query.atUs - apex.lastUs > this.#idleUs) apex = undefined;
    this.#apexes.delete(query.apex);
    apex ??= emptyApex(query);
    this.#apexes.set(query.apex, apex);
    if (this.#apexes.size > this.#most) this.#apexes.delete(this.#apexes.keys().next().value ?? '');
    apex.queries += query.count;
    apex.queryBytes += query.queryBytes * query.count;
    apex.answerBytes += query.answerBytes * query.count;
    if (carryingTypes.has(query.type) || query.type >= 65280) apex.carrying += query.count;
    apex.lastUs = Math.max(apex.lastUs, query.atUs);
    if (apex.ids.length < idsKept && query.id !== '') apex.ids.push(query.id);
    if (isNew(apex, query.below)) {
      apex.distinct += 1;
      apex.oddsSum += Math.max(-oddsBounds.below, Math.min(oddsBounds.above, query.odds));
      apex.belowCharacters += query.below.length;
      if (query.odds >= 0) apex.encoded += 1;
      if (query.odds > apex.sampleOdds) {
        apex.sample = query.name.slice(0, 255);
        apex.sampleOdds = query.odds;
      }
    }
    return apex;
  }

  has(apex: string): boolean {
    return this.#apexes.has(apex);
  }

  /** Zones with the most different names first, without their sets of names. */
  top(most: number): ApexTotals[] {
    return [...this.#apexes.values()]
      .sort((a, b) => b.distinct - a.distinct)
      .slice(0, most)
      .map(({ seen: _, ...totals }) => ({ ...totals }));
  }

  put(totals: ApexTotals): void {
    if (this.#apexes.size < this.#most) this.#apexes.set(totals.apex, { ...totals, seen: new Set() });
  }
}

/** Past what is kept every name counts as new by the share that was new before. */
function isNew(apex: Apex, below: string): boolean {
  if (apex.seen.size >= distinctKept) return apex.distinct / Math.max(1, apex.queries) > 0.5;
  const hash = hashText(below);
  if (apex.seen.has(hash)) return false;
  apex.seen.add(hash);
  return true;
}

function emptyApex({ apex, atUs }: ApexQuery): Apex {
  return {
    apex,
    queries: 0,
    distinct: 0,
    oddsSum: 0,
    encoded: 0,
    belowCharacters: 0,
    queryBytes: 0,
    answerBytes: 0,
    carrying: 0,
    firstUs: atUs,
    lastUs: atUs,
    sample: '',
    sampleOdds: -1_000,
    ids: [],
    seen: new Set(),
  };
}

/** FNV-1a, 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/**
 * How sure it is that the zone is a tunnel's, 0 … 1: different names, on the average likely to be encoded, hardly ever asked twice. `least`
 * names need a mean of log-odds of 1, twice as many 2 less, and so on: few long names say as much as many short ones. Record types that carry
 * bytes count for 2.5. Measured in docs/detection.md: hosts of real zones have a mean of -8 to -4, pings of unknown tunnels about -4.
 */
export function tunnelEvidence(totals: ApexTotals, least: number): number {
  const { distinct, queries, oddsSum, carrying } = totals;
  if (distinct * 2 < least || queries === 0) return 0;
  const required = Math.max(lowestMean, 1 - 2 * Math.log2(distinct / least));
  const mean = oddsSum / distinct + (carrying > queries / 2 ? 2.5 : 0);
  const fresh = Math.min(1, distinct / queries / 0.6);
  return fresh / (1 + Math.exp(-1.2 * (mean - required)));
}

/** Zones whose hosts are numbered by some scheme come close to it, however many there are. */
const lowestMean = -4.4;
