// The chart of a watch: a band from the mean to the highest round trip, loss as bars from above, and what is not known hatched.
import type { WatchPoint } from '@foretop/proto/api';
import { hatch, type Surface } from '../chart/canvas.ts';
import { roundStep, runs } from '../chart/scale.ts';
import { chartFont, withAlpha, type Tokens } from '../chart/tokens.ts';

export const watchMargin = { left: 62, right: 12, top: 8, bottom: 20 } as const;
const lines = 4;

export interface WatchInput {
  points: readonly WatchPoint[];
  stepMs: number;
  fromMs: number;
  toMs: number;
  labels: readonly string[];
  /** Of the loss. */
  lossColour: string;
}

/** The height of the chart, microseconds. */
export function watchExtent(points: readonly WatchPoint[]): number {
  const most = Math.max(0, ...points.map(({ rttMaxUs }) => rttMaxUs ?? 0));
  return roundStep((Math.max(most, 100) * 1.1) / lines) * lines;
}

export function drawWatch({ context, width, height }: Surface, input: WatchInput, tokens: Tokens): void {
  const { points, stepMs, fromMs, toMs } = input;
  const [left, right] = [watchMargin.left, width - watchMargin.right];
  const [top, bottom] = [watchMargin.top, height - watchMargin.bottom];
  const extent = watchExtent(points);
  const x = (ms: number) => left + ((ms - fromMs) / (toMs - fromMs)) * (right - left);
  const y = (us: number) => bottom - (us / extent) * (bottom - top);
  context.font = chartFont;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (let line = 0; line <= lines; line++) {
    const us = (extent / lines) * line;
    context.fillStyle = line === 0 ? tokens['line-strong'] : tokens.line;
    context.fillRect(left, Math.round(y(us)), right - left, 1);
    context.fillStyle = tokens['text-3'];
    context.fillText(line === lines ? `${us / 1_000} ms` : String(us / 1_000), left - 8, y(us) + 0.5);
  }
  const startOf = (index: number) => Date.parse(points[index]!.time);
  const isKnown = (index: number) => points[index]!.seconds > 0;
  for (const [first, last] of runs(points.length, (index) => isKnown(index) !== isKnown(index + 1), 0)) {
    if (isKnown(first)) continue;
    const from = x(startOf(first));
    const box = { x: from, y: top, width: x(startOf(last) + stepMs) - from, height: bottom - top };
    hatch(context, box, withAlpha(tokens['line-strong'], 0.8));
  }
  points.forEach(({ sent, lost }, index) => {
    if (sent === 0 || lost === 0) return;
    context.fillStyle = input.lossColour;
    const from = x(startOf(index));
    context.fillRect(from, top, Math.max(1, x(startOf(index) + stepMs) - from - 1), (lost / sent) * (bottom - top));
  });
  // No line goes over what was lost or is not known.
  const breaks = (index: number) => points[index]!.rttMeanUs === null || points[index + 1]!.rttMeanUs === null;
  for (const [first, last] of runs(points.length, breaks, 0)) {
    if (points[first]!.rttMeanUs === null) continue;
    const part = points.slice(first, last + 1);
    const middle = (point: WatchPoint) => x(Date.parse(point.time) + stepMs / 2);
    context.beginPath();
    for (const point of part) context.lineTo(middle(point), y(point.rttMeanUs!));
    for (const point of part.toReversed()) context.lineTo(middle(point), y(point.rttMaxUs!));
    context.closePath();
    context.fillStyle = withAlpha(tokens.rx, 0.28);
    context.fill();
    context.beginPath();
    for (const point of part) context.lineTo(middle(point), y(point.rttMeanUs!));
    if (part.length === 1) context.lineTo(middle(part[0]!) + 1, y(part[0]!.rttMeanUs!));
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.strokeStyle = tokens.rx;
    context.stroke();
  }
  context.fillStyle = tokens['text-3'];
  input.labels.forEach((label, index) => {
    context.textAlign = index === 0 ? 'left' : index === input.labels.length - 1 ? 'right' : 'center';
    context.fillText(label, left + (index / (input.labels.length - 1)) * (right - left), bottom + 11);
  });
}
