// A change of a finding as it is kept and told: every text clean and bounded, so that sinks have only their own syntax to escape.
import type { FindingChangeKind, NotificationSeverity } from '@foretop/proto/api';
import type { FindingChange } from './change.ts';

export interface Item {
  change: FindingChangeKind;
  findingId: string;
  hostId: number;
  /** Filled in when it is kept. */
  host: string;
  severity: NotificationSeverity;
  detector: string;
  title: string;
  technique: { id: string; name: string };
  summary: string;
  peer: string;
  process: string;
  /** RFC 3339 */
  start: string;
  end: string;
  count: number;
  score: number;
}

const longestSummary = 500;
const longestName = 255;

export function itemOf(change: FindingChange): Item {
  const { technique } = change;
  return {
    change: change.change,
    findingId: plainText(change.findingId, 64),
    hostId: change.hostId,
    host: '',
    severity: change.severity,
    detector: plainText(change.detector, 64),
    title: plainText(change.title, 100),
    technique: { id: plainText(technique.id, 32), name: plainText(technique.name, 100) },
    summary: plainText(change.summary, longestSummary),
    peer: plainText(change.peer, longestName),
    process: plainText(change.process, longestName),
    start: timeText(change.startUs),
    end: timeText(change.endUs),
    count: change.count,
    score: change.score,
  };
}

/** Controls, bidirectional marks, zero-width characters and line separators become their codes, lone surrogates U+FFFD. */
export function plainText(text: string, longest: number): string {
  const shown = text
    .slice(0, longest)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `⟨${char.codePointAt(0)!.toString(16).toUpperCase()}⟩`);
  return shown.length <= longest ? shown : shown.slice(0, longest).toWellFormed();
}

/** A host's clock may say anything: what no date can hold is the beginning of time. */
function timeText(unixUs: number): string {
  const date = new Date(unixUs / 1000);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
