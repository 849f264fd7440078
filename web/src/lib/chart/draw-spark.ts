// A host's last minute in a strip: receive as an area, transmit as a line, the part since its last pulse hatched.
import { isGap, type SeriesRing } from '../time/series-ring.ts';
import { hatch, type Surface } from './canvas.ts';
import { runs } from './scale.ts';
import { withAlpha, type Tokens } from './tokens.ts';

export const sparkSpanMs = 60_000;
/** A pulse comes each second; the strip is hatched from the last one when two did not come. */
const lateMs = 2_500;

export interface SparkInput {
  series: SeriesRing;
  endMs: number;
  /** The largest rate of the group: all strips share one square-root scale. */
  peak: number;
  /** When the host was last heard of; the strip is hatched from there. */
  lastSeenMs: number | null;
  /** Hatch the whole strip: the host is offline. */
  offline: boolean;
  /** Set for means on record: how far back the strip reaches. All that is not known of it is hatched. */
  recordMs?: number | undefined;
}

export function drawSpark({ context, width, height }: Surface, input: SparkInput, tokens: Tokens): void {
  const { series, endMs } = input;
  const spanMs = input.recordMs ?? sparkSpanMs;
  const startMs = endMs - spanMs;
  const x = (timeMs: number) => ((timeMs - startMs) / spanMs) * width;
  const y = (value: number) => height - 1 - Math.sqrt(Math.min(1, value / Math.max(1, input.peak))) * (height - 3);
  context.fillStyle = tokens.line;
  context.fillRect(0, height - 1, width, 1);
  let first = 0;
  while (first < series.length && series.at(first).timeMs < startMs - 1000) first++;
  const parts = input.offline ? [] : runs(series.length, (i) => isGap(series.at(i), series.at(i + 1)), first);
  for (const [from, to] of parts) drawRun(context, series, from, to, x, y, height, tokens);
  if (input.recordMs !== undefined) {
    hatchUnknown(context, series, parts, (fromMs, toMs) => [x(fromMs), x(toMs)], { startMs, endMs, height }, tokens);
    return;
  }
  const last = series.length > 0 ? series.at(series.length - 1).timeMs : input.lastSeenMs;
  if (input.offline) hatch(context, { x: 0, y: 3, width, height: height - 3 }, withAlpha(tokens['line-strong'], 0.55));
  else if (last !== null && endMs - last > lateMs)
    hatch(
      context,
      { x: Math.max(0, x(last) + 1), y: 3, width, height: height - 3 },
      withAlpha(tokens['line-strong'], 0.55),
    );
}

/** A mean stands for its whole step, half of it on either side. */
function hatchUnknown(
  context: CanvasRenderingContext2D,
  series: SeriesRing,
  parts: readonly [number, number][],
  xOf: (fromMs: number, toMs: number) => [number, number],
  { startMs, endMs, height }: { startMs: number; endMs: number; height: number },
  tokens: Tokens,
): void {
  let fromMs = startMs;
  const spans: [number, number][] = [];
  for (const [first, last] of parts) {
    const half = series.at(first).stepMs / 2;
    spans.push([fromMs, series.at(first).timeMs - half]);
    fromMs = series.at(last).timeMs + half;
  }
  spans.push([fromMs, endMs]);
  for (const [from, to] of spans) {
    const [left, right] = xOf(from, to);
    if (to - from < 1000) continue;
    const box = { x: left, y: 3, width: Math.max(2, right - left), height: height - 3 };
    hatch(context, box, withAlpha(tokens['line-strong'], 0.55));
  }
}

function drawRun(
  context: CanvasRenderingContext2D,
  series: SeriesRing,
  from: number,
  to: number,
  x: (timeMs: number) => number,
  y: (value: number) => number,
  height: number,
  tokens: Tokens,
): void {
  const line = (value: 'rxRate' | 'txRate') => {
    context.beginPath();
    for (let i = from; i <= to; i++) {
      const sample = series.at(i);
      if (i === from) context.moveTo(x(sample.timeMs), y(sample[value]));
      else context.lineTo(x(sample.timeMs), y(sample[value]));
    }
  };
  context.lineJoin = 'round';
  context.lineWidth = 1;
  line('rxRate');
  context.strokeStyle = tokens.rx;
  context.stroke();
  context.lineTo(x(series.at(to).timeMs), height - 1);
  context.lineTo(x(series.at(from).timeMs), height - 1);
  context.closePath();
  context.fillStyle = withAlpha(tokens.rx, 0.2);
  context.fill();
  line('txRate');
  context.strokeStyle = tokens.tx;
  context.stroke();
}
