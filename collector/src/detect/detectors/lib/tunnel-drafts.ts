// How findings of DNS tunnels are worded: a zone that many encoded names were asked of, and a name that a file begins in.
import type { FindingDraft, Severity } from '../../finding.ts';
import type { ApexTotals } from '../../names/apex-tracker.ts';
import type { DnsObservation } from '../../observation.ts';
import { bytesText, countText, secondsText } from './words.ts';

/** Queries and answers of a zone past which it is no longer a few lookups. */
const largeBytes = 1_000_000;

export function fileDraft(
  observation: DnsObservation,
  apex: string,
  who: string,
  format: string,
  files: number,
): FindingDraft {
  const { host, role, process, peer, name, atUs, id } = observation;
  const asker = role === 'server' ? who : (process?.comm ?? 'A program');
  return {
    host,
    key: [who, apex],
    severity: 'medium',
    score: 0.6,
    summary: `${asker} asked for a name below ${apex} that a file begins in (${format})`,
    peer: apex,
    process: process?.comm ?? '',
    startUs: atUs,
    endUs: atUs,
    count: files,
    evidence: [
      { label: 'Names that a file begins in', value: files, unit: 'count', against: 1 },
      { label: 'Format', value: format },
      { label: 'For example', value: name.slice(0, 255) },
    ],
    links: {
      ...(id !== '' && { dns: [id] }),
      names: [apex],
      ...(process?.id !== undefined && { processes: [process.id] }),
      addresses: [peer.address],
    },
  };
}

export function tunnelDraft(
  observation: DnsObservation,
  apex: string,
  who: string,
  totals: ApexTotals,
  sure: number,
  least: number,
): FindingDraft {
  const { host, role, process } = observation;
  const seconds = (totals.lastUs - totals.firstUs) / 1e6;
  const asker = role === 'server' ? who : (process?.comm ?? 'A program');
  const bytes = totals.queryBytes + totals.answerBytes;
  const moved = bytes > 0 ? `, ${bytesText(bytes)} in queries and answers` : '';
  return {
    host,
    key: [who, apex],
    severity: severityOf(totals, sure),
    score: sure,
    summary: `${asker} asked for ${countText(totals.distinct, 'different encoded name')} below ${apex} in ${secondsText(seconds)}${moved}`,
    peer: apex,
    process: process?.comm ?? '',
    startUs: totals.firstUs,
    endUs: totals.lastUs,
    count: totals.queries,
    evidence: [
      { label: 'Different names', value: totals.distinct, unit: 'count', against: least },
      { label: 'Queries', value: totals.queries, unit: 'count' },
      { label: 'Mean log-odds of a tunnel', value: Math.round((totals.oddsSum / totals.distinct) * 10) / 10 },
      {
        label: 'Names that look encoded',
        value: Math.round((totals.encoded / totals.distinct) * 1_000),
        unit: 'permille',
      },
      {
        label: 'Characters below the zone, mean',
        value: Math.round(totals.belowCharacters / totals.distinct),
        unit: 'count',
      },
      {
        label: 'Queries for types that carry data',
        value: Math.round((totals.carrying / totals.queries) * 1_000),
        unit: 'permille',
      },
      { label: 'Sent in queries', value: totals.queryBytes, unit: 'bytes' },
      { label: 'Received in answers', value: totals.answerBytes, unit: 'bytes' },
      {
        label: 'Queries a second',
        value: Math.round((totals.queries / Math.max(1, seconds)) * 100) / 100,
        unit: 'per-second',
      },
      { label: 'For example', value: totals.sample },
    ],
    links: {
      dns: totals.ids,
      names: [apex],
      ...(process?.id !== undefined && { processes: [process.id] }),
      addresses: [observation.peer.address],
    },
  };
}

/** Much data: critical. Sure, or with types that carry data: high. */
export function severityOf(
  { queryBytes, answerBytes, carrying, queries, distinct }: ApexTotals,
  sure: number,
): Severity {
  if (queryBytes + answerBytes >= largeBytes) return 'critical';
  return sure >= 0.75 || carrying / queries > 0.5 || distinct >= 100 ? 'high' : 'medium';
}
