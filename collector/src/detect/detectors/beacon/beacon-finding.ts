// A rhythm as a finding: the sentence, the numbers, what they were held against.
import type { Evidence, FindingDraft } from '../../finding.ts';
import type { HostKey } from '../../observation.ts';
import { bowleySkew, median, medianAbsoluteDeviation } from '../../statistics/robust.ts';
import { programTitle } from '../lib/executable.ts';
import { countText, secondsText } from '../lib/words.ts';
import type { Tracked } from './host-beacons.ts';
import type { Judgement, JudgeThresholds } from './judge.ts';

const mostIds = 20;

export function beaconFinding(
  host: HostKey,
  { key, series, destination, process, ids }: Tracked,
  judgement: Judgement,
  thresholds: JudgeThresholds,
): FindingDraft {
  const { rhythm, second, score, severity } = judgement;
  const span = series.last - series.first;
  const who = programTitle(process) || 'This host';
  const verb = destination.stream
    ? 'sends to'
    : series.failed >= 0.95 * series.total
      ? 'tries to reach'
      : 'connects to';
  const every =
    second === undefined
      ? periodText(rhythm.period)
      : `${periodText(rhythm.period)} and every ${periodText(second.period)}`;
  return {
    host,
    key,
    severity,
    score,
    summary: `${who} ${verb} ${destination.text} (port ${destination.port}) every ${every}, ${countText(series.total, 'time')} in ${secondsText(span)}`,
    peer: destination.text,
    process: programTitle(process),
    startUs: Math.round(series.first * 1e6),
    endUs: Math.round(series.last * 1e6),
    count: series.total,
    evidence: evidenceOf(series.total, judgement, thresholds, series.knownSizes(), series.failed),
    links: {
      connections: ids.slice(-mostIds),
      addresses: [destination.address],
      ...(destination.name !== '' && { names: [destination.name] }),
      ...(process?.id !== undefined && { processes: [process.id] }),
    },
  };
}

function evidenceOf(
  beats: number,
  { rhythm, second, sizes, steadiness, hours, weights }: Judgement,
  thresholds: JudgeThresholds,
  bytes: number[],
  failed: number,
): Evidence[] {
  const evidence: Evidence[] = [
    { label: 'Beats', value: beats, unit: 'count', against: thresholds['least-beats'] },
    { label: 'Median interval', value: round(rhythm.period), unit: 'seconds' },
    {
      label: 'Median deviation of the interval',
      value: round(medianAbsoluteDeviation(rhythm.intervals, rhythm.period)),
      unit: 'seconds',
    },
    {
      label: `Intervals within ${Math.round(rhythm.band * 100)} % of it`,
      value: permille(rhythm.share),
      unit: 'permille',
    },
    {
      label: 'Chance would do it once in 10 to the',
      value: Math.round(rhythm.significance),
      against: thresholds['least-significance'],
    },
    { label: "Bowley's skew of the intervals", value: round(bowleySkew(rhythm.intervals)) },
    { label: 'Hours with it', value: hours, unit: 'count' },
    { label: 'Hours that kept the beat', value: permille(steadiness), unit: 'permille' },
  ];
  if (second !== undefined) evidence.push({ label: 'Second interval', value: round(second.period), unit: 'seconds' });
  if (rhythm.gap > 0) evidence.push({ label: 'Starts within this are one beat', value: rhythm.gap, unit: 'seconds' });
  if (sizes !== undefined) {
    evidence.push(
      { label: 'Median sent in a beat', value: Math.round(median(bytes)), unit: 'bytes' },
      { label: 'Sizes alike', value: permille(sizes), unit: 'permille' },
    );
  }
  if (failed > 0) evidence.push({ label: 'Attempts that failed', value: failed, unit: 'count' });
  for (const { factor, why } of weights) evidence.push({ label: 'Weighed', value: `× ${factor.toFixed(2)}: ${why}` });
  return evidence;
}

function permille(share: number): number {
  return Math.round(share * 1000);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function periodText(seconds: number): string {
  return seconds < 10 ? `${Number(seconds.toFixed(1))} s` : secondsText(seconds);
}
