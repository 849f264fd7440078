// What detection says of a finding, as the notifier is told it.
import { expect, test } from 'vitest';
import type { FindingNews } from '../detect/findings/writer.ts';
import type { FindingChange } from './change.ts';
import { newsFor } from './finding-news.ts';

const finding: FindingNews['finding'] = {
  hostId: 3,
  groupKey: '00ff',
  detector: 'port-scan',
  key: ['203.0.113.7'],
  severity: 2,
  state: 'new',
  score: 0.9,
  summary: 'probed 1,000 ports',
  peer: '203.0.113.7',
  process: '',
  executable: '',
  firstSeenUs: 1,
  lastSeenUs: 2,
  episodeStartUs: 1,
  episodeCount: 30,
  earlierCount: 12,
  toldCount: 0,
  evidence: [],
  links: {},
  note: '',
  stateBy: '',
  stateAtUs: 0,
  stateBefore: null,
  mutedBy: null,
  reopened: 0,
};
const portScan = { id: 'port-scan', title: 'Port scan', technique: { id: 'T1046', name: 'Network Service Discovery' } };

test('news have the detector, the severity by name, and all that was counted; what is muted is not told', () => {
  const told: FindingChange[] = [];
  const listener = newsFor({ findings: (changes) => told.push(...changes) }, [portScan]);
  listener([
    { kind: 'opened', finding },
    { kind: 'worsened', finding: { ...finding, detector: 'unheard-of', severity: 3 } },
    { kind: 'reopened', finding: { ...finding, state: 'muted' } },
  ]);
  expect(told).toMatchObject([
    {
      change: 'opened',
      findingId: '00ff',
      hostId: 3,
      severity: 'high',
      title: 'Port scan',
      technique: { id: 'T1046' },
      count: 42,
    },
    { change: 'worsened', severity: 'critical', title: 'unheard-of', technique: { id: '' } },
  ]);
});
