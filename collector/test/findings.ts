// For tests: findings as a detector would have left them.
import type { Store } from '../src/store/database.ts';
import { type FindingRow, writeFindingEvents, writeFindings } from '../src/store/queries/findings.ts';

export const findingKey = 'ab'.repeat(16);

/** Seen a minute ago, for a minute; with the entry of the timeline that opened it. */
export async function insertFinding(
  store: Store,
  hostId: number,
  values: Partial<FindingRow> = {},
): Promise<FindingRow> {
  const nowUs = Date.now() * 1000;
  const row: FindingRow = {
    ...{ hostId, groupKey: findingKey, detector: 'scan-counter', key: ['192.0.2.9'], severity: 1, state: 'new' },
    ...{ score: 0.5, summary: '192.0.2.9 probed 20 ports', peer: '192.0.2.9', process: 'sshd' },
    ...{ executable: '/usr/sbin/sshd', firstSeenUs: nowUs - 120e6, lastSeenUs: nowUs - 60e6 },
    ...{ episodeStartUs: nowUs - 120e6, episodeCount: 20, earlierCount: 0, toldCount: 20 },
    evidence: [{ label: 'Ports probed', value: 20, unit: 'count', against: 15 }],
    links: { connections: ['-1', '255'], addresses: ['192.0.2.9'] },
    ...{ note: '', stateBy: '', stateAtUs: nowUs - 60e6, stateBefore: null, mutedBy: null, reopened: 0 },
    ...values,
  };
  await writeFindings(store.db, [row]);
  const { groupKey, severity, episodeCount: count, summary: text, evidence, lastSeenUs: atUs } = row;
  await writeFindingEvents(store.db, [
    { hostId, groupKey, atUs, kind: 'opened', by: '', severity, count, text, evidence },
  ]);
  return row;
}
