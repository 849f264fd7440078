// The suppression rules that are in force: asked for every finding that is written, and held against those that are stored when a rule changes.
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Database } from '../../store/schema.ts';
import { type FindingRow, lockFindings, writeFindingEvents, writeFindings } from '../../store/queries/findings.ts';
import {
  listSuppressions,
  portionsOfFindings,
  readHostLabels,
  type SuppressionRow,
} from '../../store/queries/suppressions.ts';
import { muted } from '../findings/merge.ts';
import type { Tallies } from '../findings/tallies.ts';
import { compileRule, type Covers, type RuleConditions, type Suppressible } from './rule.ts';

/** How soon labels and rules that somebody else changed, and rules whose time is over, take effect. */
const reloadMs = 30_000;

export interface Preview {
  matching: number;
  open: number;
  examples: FindingRow[];
}

export interface Rulebook extends AsyncDisposable {
  /** The rule that mutes it; the oldest where several do. */
  ruleFor(finding: Suppressible): number | undefined;
  /** Reads the rules anew and applies them to what is stored. */
  changed(): Promise<void>;
  /** What a rule that is not saved would mute, on these hosts (undefined: all). */
  preview(rule: RuleConditions, hostIds: ReadonlySet<number> | undefined): Promise<Preview>;
}

const mostExamples = 10;

export async function openRulebook(options: {
  db: Kysely<Database>;
  tallies: Tallies;
  log: Logger;
  now?: () => number;
}): Promise<Rulebook> {
  const { db, tallies, log, now = Date.now } = options;
  let rules: { id: number; covers: Covers }[] = [];
  let inForce = '';
  let labels: ReadonlyMap<number, readonly string[]> = new Map();
  let turn: Promise<void> = Promise.resolve();

  const ruleFor = (finding: Suppressible): number | undefined => {
    const ofHost = labels.get(finding.hostId) ?? [];
    return rules.find(({ covers }) => covers(finding, ofHost, now()))?.id;
  };

  /** @returns whether other findings may be covered now. */
  const load = async (): Promise<boolean> => {
    const rows = (await listSuppressions(db)).filter(({ expiresAt }) => (expiresAt?.getTime() ?? Infinity) > now());
    labels = await readHostLabels(db);
    rules = rows.map((row: SuppressionRow) => ({ id: row.id, covers: compileRule(row) }));
    const before = inForce;
    const labelled = rows.some((row) => row.labels.length > 0);
    inForce = JSON.stringify([rows, labelled ? [...labels] : []]);
    return inForce !== before;
  };

  const apply = async (): Promise<void> => {
    for await (const portion of portionsOfFindings(db, 'open-or-muted')) {
      const turned = portion.filter((row) => muted(row, ruleFor(row), 0) !== undefined);
      if (turned.length > 0) await turnAll(turned);
    }
  };

  const turnAll = async (found: readonly FindingRow[]): Promise<void> => {
    const nowUs = now() * 1000;
    const rows = await db.transaction().execute(async (transaction) => {
      const locked = await lockFindings(transaction, found);
      const changes = locked.flatMap((row) => {
        const muting = muted(row, ruleFor(row), nowUs);
        return muting === undefined ? [] : [{ row: { ...row, ...muting.changes }, kind: muting.kind }];
      });
      await writeFindings(
        transaction,
        changes.map(({ row }) => row),
      );
      await writeFindingEvents(
        transaction,
        changes.map(({ row, kind }) => ({
          ...{ hostId: row.hostId, groupKey: row.groupKey, atUs: nowUs, kind, by: '', severity: row.severity },
          ...{ count: row.earlierCount + row.episodeCount, text: row.summary, evidence: [] },
        })),
      );
      return changes.map(({ row }) => row);
    });
    tallies.set(rows);
  };

  /** One at a time: a change that comes while another is applied waits for it. */
  const update = (always: boolean): Promise<void> => {
    const next = turn.then(async () => {
      if ((await load()) || always) await apply();
    });
    turn = next.catch(() => undefined);
    return next;
  };

  await load();
  const timer = setInterval(() => {
    update(false).catch((error: Error) => log.warn({ event: 'suppressions-not-read', error: error.message }));
  }, reloadMs).unref();

  return {
    ruleFor,
    changed: () => update(true),
    async preview(rule, hostIds) {
      const covers = compileRule(rule);
      const found: Preview = { matching: 0, open: 0, examples: [] };
      for await (const portion of portionsOfFindings(db, 'all')) {
        for (const row of portion) {
          if (hostIds?.has(row.hostId) === false || !covers(row, labels.get(row.hostId) ?? [], now())) continue;
          found.matching++;
          if (row.state === 'new' || row.state === 'acknowledged') found.open++;
          if (found.examples.length < mostExamples) found.examples.push(row);
        }
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await turn;
    },
  };
}
