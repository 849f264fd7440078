// How many hosts of the fleet were seen with a destination, a program, a network or a country: bounded, forgotten after two weeks.
import type { Knowledge } from '../detector.ts';
import type { ConnectionObservation, Observation, ProcessObservation } from '../observation.ts';

export type PrevalenceKind = Parameters<Knowledge['prevalence']>[0];

const kinds: readonly PrevalenceKind[] = ['destination', 'executable', 'asn', 'country'];
/** Values of each kind; the ones seen longest ago go first. */
const mostValues = 20_000;
/** Beyond it a value counts as everywhere. */
const mostHosts = 512;
const keptDays = 14;
const dayUs = 86_400_000_000;

type Counted = readonly [kind: PrevalenceKind, value: string];

interface Seen {
  day: number;
  hosts: Set<number>;
}

/** What is saved: for each kind [value, day, hosts]; and the hosts with the day when each was seen last. */
export interface SavedPrevalence {
  values: Record<string, [string, number, number[]][]>;
  fleet: [number, number][];
}

export class Prevalence {
  readonly #values = new Map<PrevalenceKind, Map<string, Seen>>(kinds.map((kind) => [kind, new Map()]));
  readonly #fleet = new Map<number, number>();
  readonly #knowledge: Pick<Knowledge, 'place' | 'registrableDomain'>;
  readonly #destinations = new Map<string, string>();
  readonly #networks = new Map<string, readonly Counted[]>();
  #today = 0;
  /** Some place was known: an address without one has none. */
  #settled = false;

  constructor(knowledge: Pick<Knowledge, 'place' | 'registrableDomain'>) {
    this.#knowledge = knowledge;
  }

  /** The value itself counts as seen by the host whose observation it is, from then on. */
  observe(observation: Observation): void {
    const day = Math.floor(observation.atUs / dayUs);
    if (day > this.#today) this.#newDay(day);
    const hostId = Number(observation.host);
    this.#fleet.set(hostId, Math.max(day, this.#fleet.get(hostId) ?? 0));
    if (observation.kind === 'connection') this.#connection(observation, hostId, day);
    else if (observation.kind === 'process') this.#process(observation, hostId, day);
  }

  of(kind: PrevalenceKind, value: string): { hosts: number; fleet: number } {
    const hosts = this.#values.get(kind)!.get(value)?.hosts.size ?? 0;
    const fleet = this.#fleet.size;
    return { hosts: hosts >= mostHosts ? Math.max(hosts, fleet) : hosts, fleet };
  }

  save(): SavedPrevalence {
    const values = kinds.map((kind) => {
      const rows = [...this.#values.get(kind)!].map(([value, { day, hosts }]) => [value, day, [...hosts]] as const);
      return [kind, rows];
    });
    return { values: Object.fromEntries(values), fleet: [...this.#fleet] } as SavedPrevalence;
  }

  /** Anything that save did not write is ignored. */
  restore(saved: unknown): void {
    if (!isSaved(saved)) return;
    for (const kind of kinds) {
      const values = this.#values.get(kind)!;
      for (const [value, day, hosts] of saved.values[kind] ?? []) values.set(value, { day, hosts: new Set(hosts) });
    }
    for (const [hostId, day] of saved.fleet) this.#fleet.set(hostId, day);
  }

  forget(hostId: number): void {
    this.#fleet.delete(hostId);
    for (const values of this.#values.values()) for (const { hosts } of values.values()) hosts.delete(hostId);
  }

  counters(): { prevalence_values: number; fleet_hosts: number } {
    const sizes = [...this.#values.values()].map((values) => values.size);
    return { prevalence_values: sizes.reduce((sum, size) => sum + size, 0), fleet_hosts: this.#fleet.size };
  }

  #connection({ direction, remote, name, first, process }: ConnectionObservation, hostId: number, day: number): void {
    // Later spans of the same connection say nothing new.
    if (direction !== 'outbound' || remote === undefined || !first) return;
    this.#see('destination', this.#destinationOf(name, remote.address), hostId, day);
    for (const [kind, value] of this.#networkOf(remote.address)) this.#see(kind, value, hostId, day);
    if (process !== undefined && process.executable !== '') this.#see('executable', process.executable, hostId, day);
  }

  /** What a far end counts as by its name, or its address where it has none. The same few come again and again. */
  #destinationOf(name: string, address: string): string {
    if (name === '') return address;
    const known = this.#destinations.get(name);
    if (known !== undefined) return known;
    const destination = this.#knowledge.registrableDomain(name) ?? name;
    if (this.#destinations.size >= mostValues) this.#destinations.clear();
    this.#destinations.set(name, destination);
    return destination;
  }

  /** And by where its address is. */
  #networkOf(address: string): readonly Counted[] {
    const known = this.#networks.get(address);
    if (known !== undefined) return known;
    const { asn, country } = this.#knowledge.place(address);
    if (country !== undefined) this.#settled = true;
    const counted: Counted[] = [];
    if (asn !== undefined) counted.push(['asn', String(asn)]);
    if (country !== undefined) counted.push(['country', country]);
    if (this.#networks.size >= mostValues) this.#networks.clear();
    // Places may still be read: what has none yet is asked again.
    if (country !== undefined || this.#settled) this.#networks.set(address, counted);
    return counted;
  }

  #process({ process }: ProcessObservation, hostId: number, day: number): void {
    if (process.executable !== '') this.#see('executable', process.executable, hostId, day);
  }

  #see(kind: PrevalenceKind, value: string, hostId: number, day: number): void {
    const values = this.#values.get(kind)!;
    const seen = values.get(value);
    if (seen === undefined) {
      if (values.size >= mostValues) values.delete(values.keys().next().value!);
      values.set(value, { day, hosts: new Set([hostId]) });
      return;
    }
    if (seen.hosts.size < mostHosts) seen.hosts.add(hostId);
    if (seen.day >= day) return;
    // The map's order is that of the last day seen, as far as needed to drop old ones first.
    seen.day = day;
    values.delete(value);
    values.set(value, seen);
  }

  #newDay(day: number): void {
    this.#today = day;
    this.#destinations.clear();
    this.#networks.clear();
    for (const values of this.#values.values())
      for (const [value, seen] of values) if (seen.day < day - keptDays) values.delete(value);
    for (const [hostId, seenDay] of this.#fleet) if (seenDay < day - keptDays) this.#fleet.delete(hostId);
  }
}

function isSaved(saved: unknown): saved is SavedPrevalence {
  return typeof saved === 'object' && saved !== null && 'values' in saved && 'fleet' in saved;
}
