import { describe, expect, test } from 'vitest';
import type { FindingRow } from '../../store/queries/findings.ts';
import type { FindingDraft } from '../finding.ts';
import { changed, countOf, merge, type Merged, muted, type Told } from './merge.ts';

const second = 1_000_000;
const nowUs = 1_700_000_000 * second;

function draft(changes: Partial<FindingDraft> = {}): FindingDraft {
  return {
    host: '7',
    key: ['192.0.2.9'],
    severity: 'medium',
    score: 0.5,
    summary: '192.0.2.9 probed 20 ports',
    peer: '192.0.2.9',
    process: '',
    startUs: nowUs - 60 * second,
    endUs: nowUs - 50 * second,
    count: 20,
    evidence: [{ label: 'Ports probed', value: 20, against: 15 }],
    links: {},
    ...changes,
  };
}

const told = (changes: Partial<FindingDraft> = {}, rule?: number): Told => ({
  detector: 'port-scan',
  groupKey: 'ab'.repeat(16),
  hostId: 7,
  executable: '',
  draft: draft(changes),
  rule,
});

const first = (rule?: number): FindingRow => merge(undefined, told({}, rule), nowUs)!.row;
const kinds = (merged: Merged | undefined) => merged?.events.map(({ kind }) => kind);

describe('a detector speaks', () => {
  test('of something new: it is opened, and news', () => {
    const merged = merge(undefined, told(), nowUs)!;
    expect(merged.row).toMatchObject({ state: 'new', severity: 1, firstSeenUs: nowUs - 60 * second });
    expect(countOf(merged.row)).toBe(20);
    expect(kinds(merged)).toEqual(['opened']);
    expect(merged.news).toBe('opened');
  });

  test('again of the same: nothing happens', () => {
    expect(merge(first(), told(), nowUs)).toBeUndefined();
  });

  test('of more of it: it grows, and the timeline says so when it has doubled', () => {
    const more = merge(first(), told({ count: 39, endUs: nowUs - 45 * second }), nowUs)!;
    expect(countOf(more.row)).toBe(39);
    expect(kinds(more)).toEqual([]);
    const double = merge(more.row, told({ count: 40, endUs: nowUs - 40 * second }), nowUs)!;
    expect(kinds(double)).toEqual(['grew']);
    expect(kinds(merge(double.row, told({ count: 79, endUs: nowUs - 35 * second }), nowUs))).toEqual([]);
  });

  test('a second time, after a restart: the count does not double, whatever it starts from', () => {
    const grown = merge(first(), told({ count: 1_000, endUs: nowUs }), nowUs)!.row;
    for (const count of [20, 500, 1_000]) {
      const replayed = merge(grown, told({ count, endUs: nowUs - 10 * second }), nowUs)?.row ?? grown;
      expect(countOf(replayed)).toBe(1_000);
      expect(replayed.lastSeenUs).toBe(nowUs);
    }
  });

  test('of another episode: both count', () => {
    const again = { startUs: nowUs + 3_600 * second, endUs: nowUs + 3_700 * second, count: 30 };
    const merged = merge(first(), told(again), nowUs)!;
    expect(countOf(merged.row)).toBe(50);
    expect(countOf(merge(merged.row, told({ ...again, count: 31 }), nowUs)!.row)).toBe(51);
    // The first episode once more, as after a restart.
    expect(merge(merged.row, told(), nowUs)).toBeUndefined();
  });

  test('of something worse: news, also where it had been acknowledged', () => {
    const acknowledged = changed(first(), { state: 'acknowledged', by: 'account ann' }, nowUs)!.row;
    const worse = merge(acknowledged, told({ severity: 'critical' }), nowUs)!;
    expect(worse).toMatchObject({ news: 'worsened', row: { state: 'new', severity: 3 } });
    expect(merge(worse.row, told({ severity: 'low' }), nowUs)).toBeUndefined();
  });

  test('of something resolved: only what happened after that opens it again', () => {
    const resolved = changed(first(), { state: 'resolved', by: 'account ann' }, nowUs)!.row;
    const old = merge(resolved, told({ count: 25, endUs: nowUs - second }), nowUs)!;
    expect(old.row.state).toBe('resolved');
    const merged = merge(old.row, told({ count: 26, endUs: nowUs + second }), nowUs)!;
    expect(merged).toMatchObject({ news: 'reopened', row: { state: 'new', reopened: 1 } });
    expect(kinds(merged)).toEqual(['reopened']);
  });
});

describe('a rule', () => {
  test('mutes what is new, and that is no news', () => {
    const merged = merge(undefined, told({}, 4), nowUs)!;
    expect(merged).toMatchObject({ news: undefined, row: { state: 'muted', mutedBy: 4, stateBefore: 'new' } });
  });

  test('that is gone gives back what was before it', () => {
    const acknowledged = changed(first(), { state: 'acknowledged', by: 'account ann' }, nowUs)!.row;
    const quiet = { ...acknowledged, ...muted(acknowledged, 4, nowUs)!.changes };
    expect(quiet.state).toBe('muted');
    expect(muted(quiet, undefined, nowUs)!.changes).toMatchObject({ state: 'acknowledged', mutedBy: null });
    expect(muted(quiet, 4, nowUs)).toBeUndefined();
  });

  test('leaves alone what a person muted or resolved', () => {
    const byPerson = changed(first(), { state: 'muted', by: 'account ann' }, nowUs)!.row;
    expect(muted(byPerson, 4, nowUs)).toBeUndefined();
    expect(muted(byPerson, undefined, nowUs)).toBeUndefined();
    const resolved = changed(first(), { state: 'resolved', by: 'account ann' }, nowUs)!.row;
    expect(muted(resolved, 4, nowUs)).toBeUndefined();
  });

  test('that does not take the higher severity lets it come back', () => {
    const merged = merge(first(4), told({ severity: 'high', endUs: nowUs }), nowUs)!;
    expect(merged).toMatchObject({ news: 'worsened', row: { state: 'new', mutedBy: null } });
    expect(kinds(merged)).toContain('unmuted');
  });
});

test('a person who changes nothing leaves no trace', () => {
  expect(changed(first(), { state: 'new', note: '', by: 'account ann' }, nowUs)).toBeUndefined();
  expect(kinds(changed(first(), { note: 'is ours', by: 'account ann' }, nowUs))).toEqual(['noted']);
});
