// What detection found and what it costs, for /metrics.
import type { Detection } from '../detect/detection.ts';
import type { Metric } from './metrics.ts';

export function detectionMetrics(detection: Detection): Metric[] {
  const states = detection.states();
  const ofEach = (
    name: string,
    type: Metric['type'],
    help: string,
    value: (state: (typeof states)[number]) => number,
  ): Metric => ({
    name,
    help,
    type,
    samples: states.map((state) => ({ labels: { detector: state.detector.id }, value: value(state) })),
  });
  return [
    {
      name: 'foretop_findings',
      help: 'Findings on hosts by severity and state.',
      type: 'gauge',
      samples: detection.tallies
        .onHosts()
        .map(({ state, severity, findings }) => ({ labels: { severity, state }, value: findings })),
    },
    ofEach('foretop_detector_on', 'gauge', 'Whether a detector runs.', ({ setting, figures }) =>
      Number(setting.on && figures.failure === undefined),
    ),
    ofEach('foretop_detector_failed', 'gauge', 'Whether a detector failed and was stopped.', ({ figures }) =>
      Number(figures.failure !== undefined),
    ),
    ofEach(
      'foretop_detector_cpu_seconds_total',
      'counter',
      'CPU time of a detector since the start.',
      ({ figures }) => figures.cpuMs / 1_000,
    ),
    ofEach(
      'foretop_detector_observations_total',
      'counter',
      'Observations that a detector looked at since the start.',
      ({ figures }) => figures.observations,
    ),
  ];
}
