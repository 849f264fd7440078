// A finding for tests, with what a test wants different.
import type { Finding, FindingHost } from '@foretop/proto/api';

export const onHost = (hostId: number, more: Partial<FindingHost> = {}): FindingHost => ({
  hostId,
  hostName: `web-0${hostId}`,
  state: 'new',
  severity: 'high',
  count: 10,
  firstSeenAt: '2026-11-21T10:00:00Z',
  lastSeenAt: '2026-11-21T10:10:00Z',
  ...more,
});

export const finding = (more: Partial<Finding> = {}): Finding => ({
  id: '0'.repeat(32),
  detector: 'port-scan',
  title: 'Port scan',
  technique: { id: 'T1046', name: 'Network Service Discovery' },
  severity: 'high',
  state: 'new',
  score: 0.9,
  summary: '203.0.113.7 probed 1,000 ports of this host in 12 s',
  peer: '203.0.113.7',
  process: null,
  firstSeenAt: '2026-11-21T10:00:00Z',
  lastSeenAt: '2026-11-21T10:10:00Z',
  count: 1000,
  reopened: 0,
  note: null,
  mutedBy: null,
  evidence: [],
  hosts: [onHost(1)],
  hostCount: 1,
  ...more,
});
