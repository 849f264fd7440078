// Made-up observations and a place to run one detector, for tests of detectors.
import type { Detector, Knowledge } from '../src/detect/detector.ts';
import type { FindingDraft } from '../src/detect/finding.ts';
import type {
  AgentObservation,
  ConnectionObservation,
  DnsObservation,
  ObservedProcess,
  UsageObservation,
} from '../src/detect/observation.ts';

/** Monday, 2 November 2026, 00:00 UTC, seconds. */
export const monday = 1_793_577_600;

export const nothingKnown: Knowledge = {
  place: () => ({}),
  registrableDomain: (name) =>
    name.includes('.') && !/^[\d.]+$/.test(name) ? name.split('.').slice(-2).join('.') : undefined,
  listed: () => undefined,
  prevalence: () => ({ hosts: 1, fleet: 1 }),
  timeZone: () => '',
};

export function aProcess(changes: Partial<ObservedProcess> = {}): ObservedProcess {
  return {
    id: '7',
    pid: 70,
    comm: 'updated',
    executable: '/home/ada/updated',
    parentComm: 'bash',
    user: 'ada',
    unit: '',
    container: '',
    ...changes,
  };
}

let ids = 0;

/** A short TCP connection outward that ended at once; `at` in seconds. */
export function aConnection(at: number, changes: Partial<ConnectionObservation> = {}): ConnectionObservation {
  const id = String(++ids);
  return {
    kind: 'connection',
    host: '1',
    atUs: at * 1e6,
    late: false,
    id,
    openedUs: at * 1e6,
    startUs: at * 1e6,
    first: true,
    openedBefore: false,
    closed: true,
    process: aProcess(),
    protocol: 6,
    direction: 'outbound',
    outcome: 'established',
    local: { address: '10.0.0.5', port: 20_000 + (ids % 40_000) },
    remote: { address: '203.0.114.7', port: 443 },
    sentBytes: 400,
    receivedBytes: 900,
    sentPackets: 6,
    receivedPackets: 6,
    name: '',
    nameSource: 'none',
    count: 1,
    ...changes,
  };
}

export function aQuestion(at: number, changes: Partial<DnsObservation> = {}): DnsObservation {
  return {
    kind: 'dns',
    host: '1',
    atUs: at * 1e6,
    late: false,
    id: String(++ids),
    process: undefined,
    role: 'client',
    service: 'dns',
    transport: 'udp',
    peer: { address: '10.0.0.1', port: 53 },
    name: 'example.net',
    type: 1,
    answered: true,
    rcode: 0,
    addresses: [],
    queryBytes: 40,
    answerBytes: 80,
    count: 1,
    ...changes,
  };
}

export function aMinute(at: number, cpuPermille: number, changes: Partial<UsageObservation> = {}): UsageObservation {
  return {
    kind: 'usage',
    host: '1',
    atUs: at * 1e6,
    late: false,
    process: aProcess(),
    seconds: 60,
    cpuPermille,
    memoryBytes: 0,
    sentBytes: 0,
    receivedBytes: 0,
    connections: 0,
    ...changes,
  };
}

export function anAgentEvent(at: number, changes: Partial<AgentObservation> = {}): AgentObservation {
  return {
    kind: 'agent',
    host: '1',
    atUs: at * 1e6,
    late: false,
    event: 'connected',
    reason: '',
    seconds: 0,
    ...changes,
  };
}

/** A detector with its default thresholds; `findings` has each by host and key in its last form. */
export function runDetector<Names extends string>(
  detector: Detector<Names>,
  knowledge: Partial<Knowledge> = {},
  thresholds: Partial<Record<Names, number>> = {},
) {
  const findings = new Map<string, FindingDraft>();
  const told: FindingDraft[] = [];
  const defaults = Object.fromEntries(
    Object.entries<{ default: number }>(detector.thresholds).map(([name, threshold]) => [name, threshold.default]),
  ) as Record<Names, number>;
  const run = detector.start({
    thresholds: { ...defaults, ...thresholds },
    knowledge: { ...nothingKnown, ...knowledge },
    emit: (draft) => {
      told.push(draft);
      findings.set(JSON.stringify([draft.host, ...draft.key]), draft);
    },
  });
  return { run, told, findings: () => [...findings.values()] };
}

/** Numbers that look random and are the same each time: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
