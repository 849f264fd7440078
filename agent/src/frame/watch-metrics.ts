// Packs the attempts of watches into metric chunks, each attempt in the second in which it was made.
import { Metric, type MetricChunk, packDeltas } from '@foretop/proto';

/** One attempt of a watch. */
export interface ProbeReading {
  /** Of the watch. */
  id: string;
  /** When it was made, CLOCK_BOOTTIME. */
  boottimeUs: number;
  answered: boolean;
  rttUs: number;
}

export interface WatchMetrics {
  add(reading: ProbeReading): void;
  /** Chunks to which no attempt can be added any more; all of them at the end. */
  take(nowUs: number, final: boolean): MetricChunk[];
}

const secondUs = 1_000_000;
const minute = 60;
/** An attempt is told once it is answered or given up. */
const lateUs = 10 * secondUs;
/** Minutes that are not taken: a bound for a mistake. */
const mostMinutes = 1_000;

interface OpenMinute {
  id: string;
  /** Seconds of the collector's clock. */
  start: number;
  offsetUs: number;
  sent: number[];
  lost: number[];
  rttSumUs: number[];
  rttMaxUs: number[];
}

/** `offsetUs`: the best known (collector's clock - boottime). */
export function createWatchMetrics(offsetUs: () => number): WatchMetrics {
  const open = new Map<string, OpenMinute>();

  return {
    add({ id, boottimeUs, answered, rttUs }) {
      const offset = Math.round(offsetUs());
      const second = Math.floor((boottimeUs + offset) / secondUs);
      const start = second - (second % minute);
      const key = `${id} ${start}`;
      const found = open.get(key) ?? emptyMinute(id, start, offset);
      if (!open.has(key) && open.size >= mostMinutes) return;
      open.set(key, found);
      const at = second - start;
      found.sent[at]! += 1;
      if (!answered) found.lost[at]! += 1;
      else {
        found.rttSumUs[at]! += rttUs;
        found.rttMaxUs[at] = Math.max(found.rttMaxUs[at]!, rttUs);
      }
    },
    take(nowUs, final) {
      const done = [...open].filter(
        ([, { start, offsetUs }]) => final || (start + minute) * secondUs - offsetUs + lateUs <= nowUs,
      );
      for (const [key] of done) open.delete(key);
      return done.map(([, found]) => chunkOf(found));
    },
  };
}

function emptyMinute(id: string, start: number, offsetUs: number): OpenMinute {
  const zeros = () => Array.from({ length: minute }, () => 0);
  return { id, start, offsetUs, sent: zeros(), lost: zeros(), rttSumUs: zeros(), rttMaxUs: zeros() };
}

/** From the first attempt to the last: what lies before or behind is of another chunk, or of nobody. */
function chunkOf({ id, start, offsetUs, sent, lost, rttSumUs, rttMaxUs }: OpenMinute): MetricChunk {
  const first = sent.findIndex((count) => count > 0);
  const end = sent.findLastIndex((count) => count > 0) + 1;
  const series = (
    [
      [Metric.METRIC_PROBES_SENT, sent],
      [Metric.METRIC_PROBES_LOST, lost],
      [Metric.METRIC_PROBE_RTT_SUM_US, rttSumUs],
      [Metric.METRIC_PROBE_RTT_MAX_US, rttMaxUs],
    ] as const
  ).map(([metric, values]) => ({ metric, values: packDeltas(values.slice(first, end)) }));
  const startUs = Math.max(0, (start + first) * secondUs - offsetUs);
  return { subject: `watch:${id}`, startUs, intervalUs: secondUs, count: end - first, series };
}
