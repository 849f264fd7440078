// Connection storms: a program that opens far more connections a minute than it ever does.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { HostKey, Observation } from '../observation.ts';
import { OfHosts } from './lib/of-hosts.ts';
import { countText } from './lib/words.ts';

const thresholds = {
  perMinute: {
    default: 1_200,
    unit: 'count',
    range: [60, 1_000_000],
    meaning: 'Connections that one program has to open in a minute, once it is known how many it usually opens.',
    source:
      'Twenty a second: at TIME_WAIT of 60 s 1,200 of the 28,232 ports of a Linux host to one destination. AWS Network Flow Monitor counts with about 1,000 flows a minute of a whole host.',
  },
  aboveUsual: {
    default: 10,
    unit: 'count',
    range: [2, 1_000],
    meaning: 'How many times the most of its usual minutes it has to be.',
    source: 'Chosen: deployments and batch jobs are two to five times a busy minute.',
  },
  learnMinutes: {
    default: 60,
    unit: 'count',
    range: [5, 10_080],
    meaning: 'Minutes of a program that have to be seen; before that it takes five times as many connections.',
    source: 'Chosen: one hour has what comes every hour.',
  },
} as const;
type Names = keyof typeof thresholds;

interface Program {
  host: HostKey;
  name: string;
  minute: number;
  count: number;
  peers: Map<string, number>;
  /** Slowly fading highest of the minutes so far. */
  usual: number;
  minutes: number;
  connections: string[];
  storm: { startUs: number; endUs: number; count: number; peak: number; usual: number } | undefined;
}

const mostPrograms = 65_536;
const mostPeers = 256;
const mostLinks = 20;
const minuteUs = 60_000_000;
/** The highest fades by half in a day of minutes. */
const fading = 0.5 ** (1 / 1_440);
const unlearnt = 5;

export const connectionStorm: Detector<Names> = {
  id: 'connection-storm',
  title: 'Connection storm',
  technique: { id: 'T1499', name: 'Endpoint Denial of Service' },
  severity: 'medium',
  consumes: ['connection'],
  thresholds,
  description:
    'A program opens connections that succeed, more than a thousand a minute and ten times what its busiest usual minutes have: a loop that lost its pool, a job gone wild, or a host that takes part in an attack.',
  falsePositives:
    'Proxies, resolvers, load balancers and crawlers open many all the time: that is their usual. Failed ones do not count: those are scans or floods. A load test is a storm; suppress it by program.',
  advice: [
    'Does the program have a new version or configuration? Look at its connections by destination.',
    'Is the far end slow or refusing work? Then it may be trying again without a pause.',
    'Look at the ports and descriptors that are left on the host.',
  ],
  onByDefault: true,
  start: (context) => new ConnectionStorm(context),
};

class ConnectionStorm implements DetectorRun {
  readonly #context: DetectorContext<Names>;
  readonly #programs = new OfHosts<Program>(mostPrograms, (program) => this.#active.delete(program));
  /** With connections in their minute. */
  readonly #active = new Set<Program>();

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'connection' || observation.direction !== 'outbound') return;
    if (!observation.first || observation.openedBefore) return;
    const { host, process, outcome, protocol, remote, openedUs, count, id } = observation;
    if (protocol !== 6 || remote === undefined || (outcome !== 'established' && outcome !== 'reset')) return;
    const name = process === undefined ? '' : process.executable || process.comm;
    const program = this.#programs.getOrMake(`${host} ${name}`, () => newProgram(host, name));
    const minute = Math.floor(openedUs / minuteUs);
    if (minute > program.minute) this.#close(program, minute);
    // Late ones belong to a minute that is over.
    if (minute < program.minute) return;
    program.count += count;
    this.#active.add(program);
    if (program.connections.length < mostLinks) program.connections.push(id);
    if (program.peers.size < mostPeers || program.peers.has(remote.address)) {
      program.peers.set(remote.address, (program.peers.get(remote.address) ?? 0) + count);
    }
  }

  advance(nowUs: number): void {
    const minute = Math.floor(nowUs / minuteUs);
    for (const program of this.#active) {
      if (minute > program.minute) this.#close(program, minute);
      else this.#weigh(program);
    }
  }

  save(host: HostKey): unknown {
    const rows = this.#programs.of(host).filter(({ minutes }) => minutes > 0);
    const saved = rows.slice(0, 1_000).map(({ name, usual, minutes }) => [name, usual, minutes] as const);
    return saved.length === 0 ? undefined : saved;
  }

  restore(host: HostKey, state: unknown): void {
    if (!Array.isArray(state)) return;
    for (const row of state.slice(0, 1_000)) {
      if (!isSaved(row)) continue;
      const [name, usual, minutes] = row;
      this.#programs.set(`${host} ${name}`, { ...newProgram(host, name), usual, minutes });
    }
  }

  forget(host: HostKey): void {
    for (const program of this.#programs.forget(host)) this.#active.delete(program);
  }

  #close(program: Program, next: number): void {
    const isStorm = this.#weigh(program);
    if (program.minute > 0) {
      const passed = Math.min(next - program.minute, 43_200);
      program.usual *= fading ** passed;
      // A storm teaches nothing, unless it does not end.
      program.usual = Math.max(program.usual, isStorm ? program.usual * 1.05 : program.count);
      program.minutes = Math.min(program.minutes + 1, 1_000_000);
    }
    if (!isStorm) program.storm = undefined;
    program.minute = next;
    program.count = 0;
    this.#active.delete(program);
    program.peers.clear();
    program.connections = [];
  }

  #weigh(program: Program): boolean {
    const { perMinute, aboveUsual, learnMinutes } = this.#context.thresholds;
    const least = program.minutes >= learnMinutes ? perMinute : unlearnt * perMinute;
    if (program.count < least || program.count < aboveUsual * program.usual) return false;
    const startUs = program.minute * minuteUs;
    const storm = (program.storm ??= { startUs, endUs: startUs, count: 0, peak: 0, usual: program.usual });
    storm.endUs = startUs + minuteUs;
    storm.peak = Math.max(storm.peak, program.count);
    storm.count = Math.max(storm.count, storm.peak);
    this.#context.emit(draftOf(program, storm, least));
    return true;
  }
}

const newProgram = (host: HostKey, name: string): Program => ({
  host,
  name,
  minute: 0,
  count: 0,
  peers: new Map(),
  usual: 0,
  minutes: 0,
  connections: [],
  storm: undefined,
});

const isSaved = (row: unknown): row is [string, number, number] =>
  Array.isArray(row) && typeof row[0] === 'string' && Number.isFinite(row[1]) && Number.isFinite(row[2]);

function draftOf(
  { host, name, count, peers, connections }: Program,
  storm: NonNullable<Program['storm']>,
  against: number,
): FindingDraft {
  const [peer = '', most = 0] = [...peers].reduce<[string, number]>(
    (best, next) => (next[1] > best[1] ? next : best),
    ['', 0],
  );
  return {
    host,
    key: [name],
    severity: 'medium',
    score: storm.peak / (storm.peak + against),
    summary: `${name === '' ? host : name} opened ${countText(storm.peak, 'connection')} in a minute; its busiest usual minute had ${Math.round(storm.usual)}`,
    peer: most * 2 >= count ? peer : '',
    process: name,
    startUs: storm.startUs,
    endUs: storm.endUs,
    count: storm.count,
    evidence: [
      { label: 'Most in a minute', value: storm.peak, unit: 'count', against },
      { label: 'Busiest usual minute', value: Math.round(storm.usual), unit: 'count' },
      { label: 'To the destination with most', value: most, unit: 'count' },
      { label: 'Destinations', value: peers.size, unit: 'count' },
    ],
    links: { connections, addresses: [...peers.keys()].slice(0, mostLinks) },
  };
}
