// Packs one sample a second of the host and each interface into chunks aligned to the minute of the collector's clock.
import { limits, Metric, packDeltas, type MetricChunk } from '@foretop/proto';
import type { CoverageReading, InterfaceReading, Tick } from '../collect/tick.ts';
import { stallUs } from './segments.ts';

export interface Metrics {
  observe(tick: Tick): void;
  /** Chunks whose minute is over; all of them at the end. */
  take(final: boolean): MetricChunk[];
}

const secondUs = 1_000_000;
/** An offset that moved by less is taken over at the next minute, without cutting a chunk. */
const offsetJumpUs = 500_000;
/** Chunks waiting for a flush: two minutes of the most interfaces. */
const waitingMax = limits.interfaces * 2;

/** Counters of which a sample is the growth in a second, in the order of their Metric numbers. */
interface Totals {
  rxBytes: number;
  txBytes: number;
  rxPackets: number;
  txPackets: number;
  errors: number;
  drops: number;
}

type Sample = [Metric, number][];

interface OpenChunk {
  /** Seconds of the collector's clock. */
  firstSecond: number;
  count: number;
  series: Map<Metric, number[]>;
}

/** `offsetUs`: the best known (collector's clock - boottime). */
export function createMetrics(offsetUs: () => number): Metrics {
  const open = new Map<string, OpenChunk>();
  const totals = new Map<string, Totals>();
  let coverage: CoverageTotals | undefined;
  let done: MetricChunk[] = [];
  let usedOffsetUs = offsetUs();
  /** The second up to which samples are written; undefined = the next tick is a baseline. */
  let filled: number | undefined;

  function finish(subject: string): void {
    const chunk = open.get(subject);
    open.delete(subject);
    if (chunk && done.length < waitingMax) done.push(toChunk(subject, chunk, usedOffsetUs));
  }
  const finishAll = () => [...open.keys()].forEach(finish);

  function adoptOffset(): void {
    const latest = Math.round(offsetUs());
    if (latest === usedOffsetUs || (open.size > 0 && Math.abs(latest - usedOffsetUs) < offsetJumpUs)) return;
    finishAll();
    if (Math.abs(latest - usedOffsetUs) >= offsetJumpUs) filled = undefined;
    usedOffsetUs = latest;
  }

  function write(subject: string, second: number, sample: Sample): void {
    let chunk = open.get(subject);
    if (chunk && chunk.firstSecond + chunk.count !== second) {
      finish(subject);
      chunk = undefined;
    }
    if (!chunk) open.set(subject, (chunk = { firstSecond: second, count: 0, series: new Map() }));
    for (const [metric, value] of sample) {
      const values = chunk.series.get(metric);
      if (values) values.push(value);
      else chunk.series.set(metric, [value]);
    }
    chunk.count++;
    if ((second + 1) % 60 === 0) finish(subject);
  }

  /** A tick that took several seconds is spread over them; the parts add up to the whole. */
  function sample(tick: Tick, from: number, to: number): void {
    const interfaces = tick.interfaces.slice(0, limits.interfaces);
    const grown = interfaces.map((reading) => [reading, grow(totals.get(reading.name), totalsOf(reading))] as const);
    const counted = grown.filter(([reading]) => reading.counted).map(([, growth]) => growth);
    const host = counted.reduce((sum, growth) => combine(sum, growth, (a, b) => a + b), noGrowth);
    const passed = grownCoverage(coverage, tick);
    for (let second = from; second < to; second++) {
      const part = (growth: Totals) => combine(growth, growth, (whole) => share(whole, second - from, to - from));
      const covered = passed.map(([metric, whole]): [Metric, number] => [
        metric,
        share(whole, second - from, to - from),
      ]);
      write('', second, [...counterSample(part(host)), ...gaugeSample(tick), ...covered]);
      for (const [reading, growth] of grown) {
        if (totals.has(reading.name)) write(`if:${reading.name}`, second, counterSample(part(growth)));
      }
    }
    const present = new Set(['', ...interfaces.map(({ name }) => `if:${name}`)]);
    for (const subject of [...open.keys()]) if (!present.has(subject)) finish(subject);
  }

  function rebase(tick: Tick): void {
    totals.clear();
    for (const reading of tick.interfaces) totals.set(reading.name, totalsOf(reading));
    coverage = coverageTotals(tick);
  }

  return {
    observe(tick) {
      adoptOffset();
      if (tick.failures.some(({ source }) => source === 'interfaces')) {
        finishAll();
        filled = undefined;
        return;
      }
      const now = Math.round((tick.boottimeUs + usedOffsetUs) / secondUs);
      if (filled === undefined || now < filled || tick.boottimeUs - tick.previousUs > stallUs) finishAll();
      else if (now === filled) return;
      else sample(tick, filled, now);
      filled = now;
      rebase(tick);
    },
    take(final) {
      if (final) finishAll();
      const chunks = done;
      done = [];
      return chunks;
    },
  };
}

const noGrowth: Totals = { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0, errors: 0, drops: 0 };

function totalsOf(reading: InterfaceReading): Totals {
  const { rxBytes, txBytes, rxPackets, txPackets } = reading;
  const errors = reading.rxErrors + reading.txErrors;
  return { rxBytes, txBytes, rxPackets, txPackets, errors, drops: reading.rxDrops + reading.txDrops };
}

/** An interface seen for the first time has grown by nothing; a counter that fell began again at zero. */
function grow(before: Totals | undefined, now: Totals): Totals {
  if (!before) return noGrowth;
  return combine(now, before, (after, previous) => (after < previous ? after : after - previous));
}

function combine(a: Totals, b: Totals, join: (a: number, b: number) => number): Totals {
  return {
    rxBytes: join(a.rxBytes, b.rxBytes),
    txBytes: join(a.txBytes, b.txBytes),
    rxPackets: join(a.rxPackets, b.rxPackets),
    txPackets: join(a.txPackets, b.txPackets),
    errors: join(a.errors, b.errors),
    drops: join(a.drops, b.drops),
  };
}

/** The part of `whole` that falls to one of `parts` seconds. */
function share(whole: number, index: number, parts: number): number {
  return Math.floor((whole * (index + 1)) / parts) - Math.floor((whole * index) / parts);
}

function counterSample(growth: Totals): Sample {
  return [
    [Metric.METRIC_RX_BYTES, growth.rxBytes],
    [Metric.METRIC_TX_BYTES, growth.txBytes],
    [Metric.METRIC_RX_PACKETS, growth.rxPackets],
    [Metric.METRIC_TX_PACKETS, growth.txPackets],
    [Metric.METRIC_ERRORS, growth.errors],
    [Metric.METRIC_DROPS, growth.drops],
  ];
}

function gaugeSample({ host }: Tick): Sample {
  return [
    [Metric.METRIC_CONNECTIONS, host.openConnections],
    [Metric.METRIC_CPU_PERMILLE, Math.round(host.cpuPermille)],
    [Metric.METRIC_MEMORY_BYTES, host.memoryUsedBytes],
  ];
}

type CoverageTotals = Record<keyof CoverageReading | 'eventsLost', number | undefined>;

function coverageTotals({ coverage, eventsLost }: Tick): CoverageTotals {
  const { socketBytes, interfaceBytes, forwardedBytes } = coverage ?? {};
  return { socketBytes, interfaceBytes, forwardedBytes, eventsLost };
}

/** A series that nobody counts is absent, never zero. */
function grownCoverage(before: CoverageTotals | undefined, tick: Tick): [Metric, number][] {
  const now = coverageTotals(tick);
  const metrics = [
    [Metric.METRIC_SOCKET_BYTES, 'socketBytes'],
    [Metric.METRIC_INTERFACE_BYTES, 'interfaceBytes'],
    [Metric.METRIC_FORWARDED_BYTES, 'forwardedBytes'],
    [Metric.METRIC_EVENTS_LOST, 'eventsLost'],
  ] as const;
  return metrics.flatMap(([metric, name]) => {
    const total = now[name];
    return total === undefined ? [] : [[metric, Math.max(0, total - (before?.[name] ?? total))] as [Metric, number]];
  });
}

function toChunk(subject: string, chunk: OpenChunk, offsetUs: number): MetricChunk {
  return {
    subject,
    startUs: Math.max(0, chunk.firstSecond * secondUs - offsetUs),
    intervalUs: secondUs,
    count: chunk.count,
    series: [...chunk.series].map(([metric, values]) => ({ metric, values: packDeltas(values) })),
  };
}
