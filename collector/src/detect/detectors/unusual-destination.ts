// A program that goes where it never went: a country, network or name that is new for it, on this host and in the fleet.
import type { Detector, DetectorContext } from '../detector.ts';
import type { Evidence, Severity } from '../finding.ts';
import type { ConnectionObservation, HostKey, Observation } from '../observation.ts';
import { addressKind } from './lib/address-kind.ts';
import { linksOf } from './lib/draft.ts';
import { isBrowser, programOf, programTitle } from './lib/executable.ts';
import { knownService } from './lib/known-services.ts';
import { LruMap } from './lib/lru-map.ts';
import { type Familiar, NoveltyRun } from './lib/novelty-run.ts';
import { FleetHabits, ProgramHabits, type Dimension } from './unusual-destination/habits.ts';

const mostPrograms = 32;
const mostSavedPrograms = 24;
const smallestFleet = 5;
/** A country or network of so many hosts of the fleet, and this share of it, is not unusual for any program. */
const commonHosts = 3;
const commonShare = 0.1;

type Name = 'learning-days' | 'least-connections' | 'most-novelties';

export const unusualDestination: Detector<Name> = {
  id: 'unusual-destination',
  title: 'Unusual destination',
  technique: { id: 'T1071', name: 'Application Layer Protocol' },
  severity: 'medium',
  consumes: ['connection'],
  thresholds: {
    'learning-days': {
      default: 7,
      unit: 'count',
      range: [0, 90],
      meaning: 'Days for which a host and a program on it are watched before a destination is new.',
      source: 'A week holds what runs on one weekday only; ours',
    },
    'least-connections': {
      default: 50,
      unit: 'count',
      range: [1, 1e6],
      meaning: 'Connections of the program on this host before it has habits.',
      source: 'Good and Turing: with n seen and one new among them the next is new with about 1/n, here 2 %',
    },
    'most-novelties': {
      default: 1,
      unit: 'count',
      range: [0, 100],
      meaning: 'New ones of its kind in the last week, fading, with which a program still counts as one of habit.',
      source: 'Ours: a browser meets dozens, an agent none',
    },
  },
  description:
    'A program of habit connects to a country, to a network (ASN) or to a registered name to which it never went on this host, nor on any two others of the fleet. Nothing is said before the host and the program are known for a week.',
  falsePositives:
    'Content networks and pools move. A program that often meets something new (browsers, time and update clients) has no habit in that respect and is not told of. Medium only where country and network are both new for a program that has settled in both, and rare in the fleet.',
  advice: [
    'Look at the name, the owner of the network and the country: does the program have business there?',
    'Look whether the program was updated or configured anew, on this host only or on others.',
    'If it is meant to be, acknowledge it: from now on it is known.',
  ],
  onByDefault: true,
  start: (context) => new UnusualDestinationRun(context),
};

const familiarWith = (fleet: FleetHabits): Familiar<LruMap<string, ProgramHabits>> => ({
  make: () => new LruMap(mostPrograms),
  save(programs) {
    const rows = [...(programs?.entries() ?? [])].slice(-mostSavedPrograms);
    return { programs: rows.map(([program, habits]) => [program, habits.save()]) };
  },
  restore({ programs }, host) {
    const restored = new LruMap<string, ProgramHabits>(mostPrograms);
    for (const saved of Array.isArray(programs) ? programs.slice(0, mostPrograms) : []) {
      if (!Array.isArray(saved) || typeof saved[0] !== 'string') continue;
      const habits = ProgramHabits.restore(saved[1]);
      if (habits === undefined) continue;
      restored.set(saved[0], habits);
      for (const [dimension, value] of habits.values()) fleet.saw(saved[0], dimension, value, host);
    }
    return restored;
  },
});

class UnusualDestinationRun extends NoveltyRun<LruMap<string, ProgramHabits>, Name> {
  readonly #fleet: FleetHabits;

  constructor(context: DetectorContext<Name>) {
    const fleet = new FleetHabits();
    super(context, familiarWith(fleet));
    this.#fleet = fleet;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'connection') return;
    const { host, atUs, process, remote, direction, first, outcome, count } = observation;
    this.saw(host, atUs);
    if (process === undefined || remote === undefined || !first || direction !== 'outbound') return;
    if (outcome === 'attempted' || outcome === 'rejected' || addressKind(remote.address) !== 'external') return;
    const program = programOf(process);
    if (program === '' || isBrowser(process)) return;
    const habits = this.knownOf(host).getOrCreate(program, () => new ProgramHabits(atUs));
    const values = this.#valuesOf(observation);
    const settled = new Set(
      [...values.keys()].filter(
        (dimension) => habits.novelties(dimension, atUs) <= this.context.thresholds['most-novelties'],
      ),
    );
    const fresh = [...values].filter(([dimension, value]) => {
      const isNew = habits.add(dimension, value, atUs);
      const known = this.#fleet.saw(program, dimension, value, host);
      return isNew && !known && settled.has(dimension);
    });
    habits.connections += Math.max(1, count);
    if (fresh.length === 0 || observation.late || !this.#isUsedTo(host, habits, atUs)) return;
    this.#emit(observation, habits, new Map(fresh));
  }

  #isUsedTo(host: HostKey, habits: ProgramHabits, atUs: number): boolean {
    const { thresholds } = this.context;
    if (!this.isLearnt(host, atUs) || habits.connections < thresholds['least-connections']) return false;
    return atUs - habits.firstUs >= thresholds['learning-days'] * 86_400e6;
  }

  #valuesOf({ remote, name }: ConnectionObservation): Map<Dimension, string> {
    const { knowledge } = this.context;
    const { country, asn } = knowledge.place(remote!.address);
    const registered = name === '' ? undefined : knowledge.registrableDomain(name.toLowerCase());
    const values = new Map<Dimension, string>();
    if (country !== undefined) values.set('country', country);
    if (asn !== undefined) values.set('network', String(asn));
    if (registered !== undefined && knownService(name.toLowerCase()) === undefined) values.set('name', registered);
    return values;
  }

  #emit(observation: ConnectionObservation, habits: ProgramHabits, fresh: ReadonlyMap<Dimension, string>): void {
    const { host, atUs, openedUs, process, remote, name } = observation;
    const { knowledge, emit } = this.context;
    const { country, asn, organisation } = knowledge.place(remote!.address);
    const peer = name || remote!.address;
    const program = programTitle(process);
    const evidence: Evidence[] = [...fresh].map(([dimension, value]) => ({
      label: `New ${dimension}`,
      value: dimension === 'network' && organisation !== undefined ? `AS${value} ${organisation}` : value,
      against: `${habits.count(dimension)} known of ${habits.connections.toLocaleString('en')} connections`,
    }));
    evidence.push(this.daysWatched(host, atUs));
    emit({
      host,
      key: [programOf(process), ...[...fresh].map(([dimension, value]) => `${dimension} ${value}`)],
      severity: this.#severityOf(fresh, country, asn),
      score: Math.min(1, 0.3 * fresh.size + 0.1),
      summary: `${program} connects to ${peer}: ${[...fresh.keys()].map((dimension) => `a ${dimension}`).join(' and ')} where it never went before`,
      peer,
      process: program,
      startUs: Math.min(openedUs, atUs),
      endUs: atUs,
      count: 1,
      evidence,
      links: linksOf(observation),
    });
  }

  #severityOf(fresh: ReadonlyMap<Dimension, string>, country: string | undefined, asn: number | undefined): Severity {
    if (!fresh.has('country') || !fresh.has('network')) return 'low';
    const { knowledge } = this.context;
    const isCommon = (kind: 'country' | 'asn', value: string) => {
      const { hosts, fleet } = knowledge.prevalence(kind, value);
      return fleet >= smallestFleet && hosts >= commonHosts && hosts >= commonShare * fleet;
    };
    return isCommon('country', country!) || isCommon('asn', String(asn!)) ? 'low' : 'medium';
  }
}
