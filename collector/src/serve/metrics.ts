// /metrics: what all parts count, in Prometheus's text format (version 0.0.4).
// https://prometheus.io/docs/instrumenting/exposition_formats/

export type CounterSource = () => Record<string, number>;

export interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'untyped';
  samples: { labels?: Readonly<Record<string, string>>; value: number }[];
}

/** A metric without samples is left out, as is a value that is no number. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, type, samples }) => {
      const lines = samples
        .filter(({ value }) => Number.isFinite(value))
        .map(({ labels, value }) => `${name}${labelText(labels)} ${value}\n`);
      if (lines.length === 0) return '';
      return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return '';
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${pairs.join(',')}}`;
}

const escapeHelp = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string) => escapeHelp(text).replaceAll('"', '\\"');

/** `foretop_<part>_<name>`; names that end in _total are counters, of the others the type is left open. */
export function partMetrics(parts: Readonly<Record<string, CounterSource>>): Metric[] {
  return Object.entries(parts).flatMap(([part, counters]) =>
    Object.entries(counters()).map(([counter, value]): Metric => {
      const name = `foretop_${part}_${snakeCase(counter)}`;
      const words = snakeCase(counter)
        .replace(/_total$/, '')
        .replaceAll('_', ' ');
      const isCounter = name.endsWith('_total');
      return {
        name,
        help: `Of the collector's part ${part}: ${words}${isCounter ? ', since its start' : ''}.`,
        type: isCounter ? 'counter' : 'untyped',
        samples: [{ value }],
      };
    }),
  );
}

const snakeCase = (name: string) =>
  name
    .replace(/[^A-Za-z0-9_]/g, '_')
    .replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`)
    .toLowerCase();

/** What the process itself uses. */
export function processCounters(): Record<string, number> {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    cpu_seconds_total: (user + system) / 1e6,
    resident_memory_bytes: rss,
    heap_used_bytes: heapUsed,
    uptime_seconds: process.uptime(),
  };
}
