// Brings what detectors say into the table of findings: gathered for a second, merged with what is stored, bounded for each host.
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import {
  type FindingEventRow,
  type FindingRow,
  lockFindings,
  selectFindingTallies,
  writeFindingEvents,
  writeFindings,
} from '../../store/queries/findings.ts';
import type { Database } from '../../store/schema.ts';
import type { Detector } from '../detector.ts';
import { type FindingDraft, severities } from '../finding.ts';
import type { Rulebook } from '../suppress/rulebook.ts';
import { Allowance } from './allowance.ts';
import { boundedDraft } from './bounded-draft.ts';
import { groupKey } from './group-key.ts';
import { merge, type Merged, type Told } from './merge.ts';
import type { Tallies } from './tallies.ts';

const flushMs = 1_000;
/** What retention deletes, and what other collectors write, is counted then. */
const recountMs = 3_600_000;
/** Drafts of different findings that wait; beyond it new ones are dropped. */
const mostPending = 20_000;
const portion = 500;
/** A finding that only grows is written so often. */
const growMs = 5_000;

/** A finding that people may want to be told of. */
export interface FindingNews {
  /** resolved: by a person. */
  kind: 'opened' | 'worsened' | 'reopened' | 'resolved';
  finding: FindingRow;
}
export type NewsListener = (news: readonly FindingNews[]) => void;

export interface FindingWriter extends AsyncDisposable {
  submit(detector: Detector, draft: FindingDraft): void;
  /** Told after the commit. */
  onNews(listener: NewsListener): Disposable;
  /** What somebody else committed. */
  tell(news: readonly FindingNews[]): void;
  /** Writes what waits. Rejects with what the database threw; then it waits further. */
  flush(): Promise<void>;
  /** Findings were deleted. */
  recount(): Promise<void>;
  counters(): Record<string, number>;
}

export interface WriterOptions {
  db: Kysely<Database>;
  rulebook: Rulebook;
  tallies: Tallies;
  /** Path of a process's file, by its decimal id; empty = not known. */
  executable(hostId: number, processId: string): string;
  log: Logger;
  now?: () => number;
}

/** As it was said: bounded and hashed only when it is written, since most are replaced before that. */
interface Pending {
  detector: string;
  hostId: number;
  draft: FindingDraft;
  /** When it may be written. */
  dueMs: number;
}

type Entry = Omit<Pending, 'dueMs'> & { groupKey: string };

export async function openWriter(options: WriterOptions): Promise<FindingWriter> {
  const { db, rulebook, tallies, log, now = Date.now } = options;
  const pending = new Map<string, Pending>();
  const listeners = new Set<NewsListener>();
  const allowance = new Allowance();
  /** Severity of those that were written: what is new or worse does not wait. */
  const severityOf = new Map<string, number>();
  const counts = { dropped: 0, refused: 0, opened: 0, written: 0, failures: 0 };
  let writing: Promise<void> | undefined;

  const count = async (): Promise<void> => {
    const stored = await selectFindingTallies(db);
    tallies.replace(stored);
    allowance.clear();
    severityOf.clear();
    for (const { hostId } of stored) allowance.count(hostId);
  };
  await count();

  const submit = (detector: Detector, draft: FindingDraft): void => {
    const hostId = Number(draft.host);
    const severity = severities.indexOf(draft.severity);
    if (!Number.isSafeInteger(hostId) || hostId <= 0 || severity < 0) return;
    const key = [detector.id, draft.host, ...draft.key].join('\0');
    const known = severityOf.get(key);
    const before = pending.get(key);
    if (before === undefined && pending.size >= mostPending) {
      counts.dropped++;
      return;
    }
    const urgent = known === undefined || severity > known;
    const dueMs = urgent ? 0 : (before?.dueMs ?? now() + growMs);
    pending.set(key, { detector: detector.id, hostId, draft, dueMs });
  };

  const due = (all: boolean): [string, Pending][] => {
    const nowMs = now();
    const found = [...pending].filter(([, { dueMs }]) => all || dueMs <= nowMs);
    return found.slice(0, portion);
  };

  const toldOf = ({ detector, hostId, groupKey: group, draft }: Entry): Told => {
    const process = draft.links.processes?.[0];
    const executable = process === undefined ? '' : options.executable(hostId, process);
    const severity = severities.indexOf(draft.severity);
    const rule = rulebook.ruleFor({ hostId, detector, severity, peer: draft.peer, process: draft.process, executable });
    return { detector, groupKey: group, hostId, executable, draft, rule };
  };

  const write = async (waiting: readonly Pending[]): Promise<void> => {
    const nowMs = now();
    const entries = waiting.map(({ detector, hostId, draft: given }): Entry => {
      const draft = boundedDraft(given);
      return { detector, hostId, draft, groupKey: groupKey(detector, draft.key) };
    });
    const merged = await db.transaction().execute(async (transaction) => {
      const byKey = new Map<string, FindingRow>();
      for (const row of await lockFindings(transaction, entries)) byKey.set(`${row.hostId} ${row.groupKey}`, row);
      const results: Merged[] = [];
      for (const entry of entries) {
        const before = byKey.get(`${entry.hostId} ${entry.groupKey}`);
        if (before === undefined && !allowance.take(entry.hostId, severities.indexOf(entry.draft.severity), nowMs)) {
          counts.refused++;
          continue;
        }
        const result = merge(before, toldOf(entry), nowMs * 1000);
        if (result !== undefined) results.push(result);
      }
      await writeFindings(
        transaction,
        results.map(({ row }) => row),
      );
      await writeFindingEvents(
        transaction,
        results.flatMap(({ events }): FindingEventRow[] => events),
      );
      return results;
    });
    written(merged);
  };

  const tellNews = (news: readonly FindingNews[]): void => {
    if (news.length > 0) for (const listener of listeners) listener(news);
  };

  const written = (merged: readonly Merged[]): void => {
    const rows = merged.map(({ row }) => row);
    tallies.set(rows);
    counts.written += rows.length;
    const news = merged.flatMap(({ news: kind, row }) => (kind === undefined ? [] : [{ kind, finding: row }]));
    counts.opened += news.filter(({ kind }) => kind === 'opened').length;
    tellNews(news);
  };

  const flushDue = async (all: boolean): Promise<void> => {
    for (;;) {
      const entries = due(all);
      if (entries.length === 0) return;
      await write(entries.map(([, entry]) => entry));
      if (severityOf.size > mostPending) severityOf.clear();
      for (const [key, entry] of entries) {
        severityOf.set(key, severities.indexOf(entry.draft.severity));
        // What was said meanwhile is a newer draft, and stays.
        if (pending.get(key) === entry) pending.delete(key);
      }
    }
  };

  /** One at a time. */
  const alone = async (work: () => Promise<void>): Promise<void> => {
    while (writing !== undefined) await writing.catch(() => undefined);
    writing = work().finally(() => (writing = undefined));
    await writing;
  };
  const flush = (all: boolean): Promise<void> => alone(() => flushDue(all));
  const recount = (): Promise<void> => alone(count);

  const timer = setInterval(() => {
    if (writing !== undefined || pending.size === 0) return;
    flush(false).catch((error: Error) => {
      counts.failures++;
      log.warn({ event: 'findings-not-written', error: error.message, waiting: pending.size });
    });
  }, flushMs).unref();

  const recounting = setInterval(() => {
    recount().catch((error: Error) => log.warn({ event: 'findings-not-counted', error: error.message }));
  }, recountMs).unref();

  return {
    submit,
    onNews(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    tell: tellNews,
    flush: () => flush(true),
    recount,
    counters: () => ({
      findings_pending: pending.size,
      findings_dropped_total: counts.dropped,
      findings_refused_total: counts.refused,
      findings_opened_total: counts.opened,
      findings_written_total: counts.written,
      findings_write_failures_total: counts.failures,
    }),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      clearInterval(recounting);
      await flush(true).catch((error: Error) => log.warn({ event: 'findings-not-written', error: error.message }));
    },
  };
}
