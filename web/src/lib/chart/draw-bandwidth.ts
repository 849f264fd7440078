// The mirrored bandwidth chart: receive above zero, transmit below, on one scale; what was not received is hatched and no line crosses it.
import { age } from '../format/duration.ts';
import { threeDigits } from '../format/figures.ts';
import { isGap, type RateSample, type SeriesRing } from '../time/series-ring.ts';
import { hatch, type Surface } from './canvas.ts';
import { gridValues, runs, type Extent } from './scale.ts';
import { chartFont, withAlpha, type Tokens } from './tokens.ts';

/** What the live chart shows. */
export const liveSpanMs = 30_000;
const margin = { left: 62, right: 12, top: 8, bottom: 20 } as const;
/** How late the newest sample may be before the rest counts as not received. */
const lateMs = 1_500;

export interface BandwidthInput {
  series: SeriesRing;
  endMs: number;
  spanMs: number;
  /** Under the chart, from left to right, at even distances. */
  labels: readonly string[];
  extent: Extent;
  /** The sample under the crosshair. */
  cross: RateSample | undefined;
  /** Whether anything has been read: what has not is not the same as what is not known. */
  known?: boolean;
}

interface Scale {
  x(timeMs: number): number;
  y(signed: number): number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const timeAt = (x: number, width: number, endMs: number, spanMs: number): number =>
  endMs - spanMs + ((x - margin.left) / (width - margin.left - margin.right)) * spanMs;

export const xAt = (timeMs: number, width: number, endMs: number, spanMs: number): number =>
  margin.left + ((timeMs - endMs + spanMs) / spanMs) * (width - margin.left - margin.right);

export function drawBandwidth({ context, width, height }: Surface, input: BandwidthInput, tokens: Tokens): void {
  const { series, endMs, spanMs, extent } = input;
  const perUnit = (height - margin.top - margin.bottom) / (extent.up + extent.down);
  const zero = margin.top + extent.up * perUnit;
  const scale: Scale = {
    x: (timeMs) => xAt(timeMs, width, endMs, spanMs),
    y: (signed) => zero - signed * perUnit,
    left: margin.left,
    right: width - margin.right,
    top: margin.top,
    bottom: height - margin.bottom,
  };
  context.font = chartFont;
  drawGrid(context, scale, extent, tokens);
  let first = 0;
  while (first < series.length - 1 && series.at(first + 1).timeMs < endMs - spanMs) first++;
  const parts = runs(series.length, (i) => isGap(series.at(i), series.at(i + 1)), first);
  context.save();
  context.beginPath();
  context.rect(scale.left, scale.top, scale.right - scale.left, scale.bottom - scale.top);
  context.clip();
  for (const part of parts) {
    drawSide(context, series, part, 'txRate', scale, tokens.tx, 0.13);
    // On top: of a host without traffic one sees a line at zero, not the axis alone.
    drawSide(context, series, part, 'rxRate', scale, tokens.rx, 0.34);
  }
  context.restore();
  if (input.known !== false) drawGaps(context, parts, scale, input, tokens);
  drawTimeAxis(context, scale, input.labels, tokens);
  if (input.cross) drawCross(context, input.cross, scale, tokens);
}

function drawGrid(context: CanvasRenderingContext2D, scale: Scale, extent: Extent, tokens: Tokens): void {
  const values = gridValues(extent);
  // All labels in the unit of the topmost one, which alone carries it.
  const largest = Math.max(...values.map(Math.abs), 1);
  const units = ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'];
  const unit = threeDigits(largest, units).unit;
  const divisor = 1000 ** units.indexOf(unit);
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  values.forEach((value, index) => {
    const y = Math.round(scale.y(value));
    context.fillStyle = value === 0 ? tokens['line-strong'] : tokens.line;
    context.fillRect(scale.left, y, scale.right - scale.left, 1);
    const digits = String(Number((Math.abs(value) / divisor).toPrecision(3)));
    context.fillStyle = tokens['text-3'];
    context.fillText(index === 0 ? `${digits} ${unit}` : digits, scale.left - 8, y + 0.5);
  });
}

function drawSide(
  context: CanvasRenderingContext2D,
  series: SeriesRing,
  [from, to]: [number, number],
  value: 'rxRate' | 'txRate',
  scale: Scale,
  colour: string,
  fill: number,
): void {
  const sign = value === 'rxRate' ? 1 : -1;
  const zero = scale.y(0);
  const line = () => {
    for (let i = from; i <= to; i++) {
      const sample = series.at(i);
      context.lineTo(scale.x(sample.timeMs), scale.y(sign * sample[value]));
    }
  };
  const gradient = context.createLinearGradient(0, sign > 0 ? scale.top : scale.bottom, 0, zero);
  gradient.addColorStop(0, withAlpha(colour, fill));
  gradient.addColorStop(1, withAlpha(colour, fill * 0.2));
  context.beginPath();
  context.moveTo(scale.x(series.at(from).timeMs), zero);
  line();
  context.lineTo(scale.x(series.at(to).timeMs), zero);
  context.closePath();
  context.fillStyle = gradient;
  context.fill();
  context.beginPath();
  line();
  context.lineJoin = 'round';
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.stroke();
}

function drawGaps(
  context: CanvasRenderingContext2D,
  parts: [number, number][],
  scale: Scale,
  { series, endMs, spanMs }: BandwidthInput,
  tokens: Tokens,
): void {
  const live = spanMs === liveSpanMs;
  const startMs = endMs - spanMs;
  const first = parts[0] && series.at(parts[0][0]);
  // A live series begins when somebody looks; one on record has no beginning but what is not known.
  if (!live && first && first.timeMs - startMs > first.stepMs)
    drawGap(context, startMs, first.timeMs, 'not known', scale, tokens);
  parts.forEach(([, to], index) => {
    const next = parts[index + 1];
    const { timeMs: fromMs, stepMs } = series.at(to);
    const untilMs = next ? series.at(next[0]).timeMs : endMs;
    if (!next && untilMs - fromMs < Math.max(lateMs, live ? 0 : 2 * stepMs)) return;
    drawGap(context, fromMs, untilMs, gapLabel(untilMs - fromMs, live, next !== undefined), scale, tokens);
  });
  if (parts.length === 0) drawGap(context, startMs, endMs, live ? '' : 'not known', scale, tokens);
}

function gapLabel(ms: number, live: boolean, between: boolean): string {
  if (!live) return 'not known';
  return between ? `gap ${(ms / 1000).toFixed(1)} s` : `nothing received for ${age(ms)}`;
}

function drawGap(
  context: CanvasRenderingContext2D,
  fromMs: number,
  untilMs: number,
  label: string,
  scale: Scale,
  tokens: Tokens,
): void {
  const x = Math.max(scale.left, scale.x(fromMs));
  const width = Math.min(scale.right, scale.x(untilMs)) - x;
  if (width <= 0) return;
  hatch(context, { x, y: scale.top, width, height: scale.bottom - scale.top }, withAlpha(tokens['line-strong'], 0.8));
  context.fillStyle = tokens['line-strong'];
  context.fillRect(x, scale.top, 1, scale.bottom - scale.top);
  context.fillRect(x + width - 1, scale.top, 1, scale.bottom - scale.top);
  const labelWidth = context.measureText(label).width;
  if (!label || width < labelWidth + 24) return;
  const middle = (scale.top + scale.bottom) / 2;
  context.fillStyle = tokens['bg-sunken'];
  context.fillRect(x + width / 2 - labelWidth / 2 - 8, middle - 9, labelWidth + 16, 18);
  context.fillStyle = tokens['text-2'];
  context.textAlign = 'center';
  context.fillText(label, x + width / 2, middle + 0.5);
}

function drawTimeAxis(
  context: CanvasRenderingContext2D,
  scale: Scale,
  labels: readonly string[],
  tokens: Tokens,
): void {
  context.fillStyle = tokens['text-3'];
  labels.forEach((label, index) => {
    context.textAlign = index === 0 ? 'left' : index === labels.length - 1 ? 'right' : 'center';
    const share = index / (labels.length - 1);
    context.fillText(label, scale.left + share * (scale.right - scale.left), scale.bottom + 11);
  });
}

function drawCross(context: CanvasRenderingContext2D, sample: RateSample, scale: Scale, tokens: Tokens): void {
  const x = Math.round(scale.x(sample.timeMs));
  context.fillStyle = tokens['text-2'];
  context.fillRect(x, scale.top, 1, scale.bottom - scale.top);
  for (const [value, colour] of [
    [sample.rxRate, tokens.rx],
    [-sample.txRate, tokens.tx],
  ] as const) {
    context.beginPath();
    context.arc(x + 0.5, scale.y(value), 3, 0, 7);
    context.fillStyle = tokens.bg;
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.stroke();
  }
}
