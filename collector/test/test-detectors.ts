// Detectors for tests: one that counts the ports each source probes, and one that fails when it is told to.
import type { Detector, DetectorContext, DetectorRun } from '../src/detect/detector.ts';
import type { Observation } from '../src/detect/observation.ts';

const common = {
  technique: { id: 'T1046', name: 'Network Service Discovery' },
  severity: 'high',
  description: 'Counts.',
  falsePositives: 'None.',
  advice: ['Look.'],
  onByDefault: true,
} as const;

interface Source {
  ports: number;
  startUs: number;
  endUs: number;
}

/** A finding from the 20th port on; its state is the count of each source. */
export const scanCounter: Detector<'ports'> = {
  ...common,
  id: 'scan-counter',
  title: 'Scan counter',
  consumes: ['scan'],
  thresholds: {
    ports: { default: 20, unit: 'count', range: [1, 1_000], meaning: 'Ports from which on it tells.', source: 'test' },
  },
  start: countScans,
};

function countScans({ thresholds, emit }: DetectorContext<'ports'>): DetectorRun {
  const hosts = new Map<string, Map<string, Source>>();
  return {
    observe(observation: Observation) {
      if (observation.kind !== 'scan') return;
      const { host, source, ports, startUs, atUs } = observation;
      const sources = hosts.get(host) ?? new Map<string, Source>();
      hosts.set(host, sources);
      const known = sources.get(source) ?? { ports: 0, startUs, endUs: atUs };
      const now = { ports: known.ports + ports, startUs: known.startUs, endUs: Math.max(known.endUs, atUs) };
      sources.set(source, now);
      if (now.ports < thresholds.ports) return;
      emit({
        ...{ host, key: [source], severity: now.ports >= 100 ? 'high' : 'medium', score: 0.5 },
        ...{ summary: `${source} probed ${now.ports} ports`, peer: source, process: 'sshd', count: now.ports },
        ...{ startUs: now.startUs, endUs: now.endUs },
        evidence: [{ label: 'Ports probed', value: now.ports, unit: 'count', against: thresholds.ports }],
        links: { addresses: [source], processes: ['-1'] },
      });
    },
    advance: () => undefined,
    save: (host) => hosts.get(host) && [...hosts.get(host)!],
    restore: (host, state) => void hosts.set(host, new Map(state as [string, Source][])),
    forget: (host) => void hosts.delete(host),
    learnt: (host) => (hosts.has(host) ? 0.5 : undefined),
  };
}

/** Throws at the first scan from this address. */
export const failingAddress = '203.0.113.66';

export const failing: Detector = {
  ...common,
  id: 'failing',
  title: 'Failing',
  consumes: ['scan'],
  thresholds: {},
  start: () => ({
    observe(observation) {
      if (observation.kind === 'scan' && observation.source === failingAddress) throw new Error('cannot count that');
    },
    advance: () => undefined,
    save: () => undefined,
    restore: () => undefined,
    forget: () => undefined,
  }),
};
