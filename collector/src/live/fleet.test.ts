import { HostStatus } from '@foretop/proto/live';
import { describe, expect, it } from 'vitest';
import { Fleet } from './fleet.ts';

const second = 1_000_000;
/** Some day in 2026. */
const start = 1_790_000_000 * second;

function withHost(): Fleet {
  const fleet = new Fleet();
  fleet.connected(1, start);
  fleet.pulse(1, { rxRate: 10 }, start, start);
  return fleet;
}

describe('Fleet', () => {
  it('is live for 5 s after a pulse, stale for 60 s, then offline', () => {
    const fleet = withHost();
    const seen = Array.from({ length: 63 }, (_, i) =>
      fleet.transitions(start + i * second).map(({ status }) => [i, status]),
    );
    expect(seen.flat()).toEqual([
      [6, 'stale'],
      [61, 'offline'],
    ]);
    expect(fleet.lastPulse(1)).toBeUndefined();
    expect(fleet.history(1, start + 62 * second)).toEqual([]);
  });

  it('comes back with the next pulse', () => {
    const fleet = withHost();
    fleet.transitions(start + 30 * second);
    expect(fleet.pulse(1, {}, start, start + 31 * second)).toEqual([{ hostId: 1, status: 'live' }]);
  });

  it('does not flap when a host connects again at once', () => {
    const fleet = withHost();
    fleet.disconnected(1);
    expect(fleet.transitions(start + 2 * second)).toEqual([]);
    expect(fleet.connected(1, start + 3 * second)).toEqual([]);
  });

  it('takes no pulse of a host that is not connected', () => {
    const fleet = withHost();
    fleet.disconnected(1);
    fleet.pulse(1, { rxRate: 99 }, start, start + second);
    expect(fleet.lastPulse(1)!.pulse.rxRate).toBe(10);
    expect(fleet.pulse(2, {}, start, start)).toEqual([]);
  });

  it('takes a host that was only heard before this collector started as stale at best', () => {
    const fleet = new Fleet();
    fleet.setDirectory(
      [
        { hostId: 1, lastSeenUs: start - second, revoked: false },
        { hostId: 2, lastSeenUs: 0, revoked: false },
        { hostId: 3, lastSeenUs: start, revoked: true },
      ],
      start,
    );
    expect([1, 2, 3, 4].map((hostId) => fleet.status(hostId))).toEqual(['stale', 'offline', 'revoked', 'offline']);
    expect(fleet.counts()).toEqual({ hostsLive: 0, hostsStale: 1, hostsOffline: 1, hostsRevoked: 1 });
  });

  it('forgets hosts that are neither listed nor connected', () => {
    const fleet = withHost();
    fleet.setDirectory([{ hostId: 2, lastSeenUs: 0, revoked: false }], start);
    expect(fleet.complete(start).hostId).toEqual([1, 2]);
    fleet.disconnected(1);
    fleet.setDirectory([{ hostId: 2, lastSeenUs: 0, revoked: false }], start);
    expect(fleet.complete(start).hostId).toEqual([2]);
  });

  it('never moves the last sight back', () => {
    const fleet = withHost();
    fleet.setDirectory([{ hostId: 1, lastSeenUs: 5, revoked: false }], start);
    expect(fleet.status(1)).toBe('live');
  });

  it('has in a tick only hosts with something new, in columns of equal length', () => {
    const fleet = withHost();
    fleet.connected(2, start);
    fleet.pulse(2, { txRate: 7, hasCoverage: true, coveragePermille: 0, connections: 4 }, start, start);
    expect(fleet.changes(start).hostId).toEqual([1, 2]);
    fleet.pulse(2, { txRate: 8, hasCoverage: true, coveragePermille: 0, connections: 4 }, start, start);
    const tick = fleet.changes(start);
    expect(tick).toMatchObject({
      complete: false,
      hostId: [2],
      status: [HostStatus.HOST_STATUS_LIVE],
      rxRate: [0],
      txRate: [8],
      connections: [4],
      coveragePermille: [1],
      lastSeenUs: [start],
    });
    expect(fleet.changes(start).hostId).toEqual([]);
    expect(fleet.complete(start)).toMatchObject({ complete: true, hostId: [1, 2], coveragePermille: [0, 1] });
  });

  it('fills a complete tick with the last minute of rates, a hole where no pulse came', () => {
    const fleet = withHost();
    fleet.connected(2, start);
    fleet.pulse(1, { rxRate: 0, txRate: 7 }, start + 2 * second, start + 2 * second);
    const { rxHistory, txHistory } = fleet.complete(start + 2 * second);
    expect(rxHistory).toHaveLength(2 * 60);
    expect(rxHistory!.slice(57, 60)).toEqual([11, 0, 1]);
    expect(txHistory!.slice(57, 60)).toEqual([1, 0, 8]);
    expect(rxHistory!.slice(60).every((rate) => rate === 0)).toBe(true);
  });

  it('raises the version of the directory when hosts come, go or are revoked, not for each reading of it', () => {
    const fleet = withHost();
    const version = () => fleet.complete(start).directoryVersion;
    const first = version();
    fleet.setDirectory([{ hostId: 1, lastSeenUs: start, revoked: false }], start);
    fleet.setDirectory([{ hostId: 1, lastSeenUs: start + second, revoked: false }], start);
    expect(version()).toBe(first);
    fleet.setDirectory([{ hostId: 1, lastSeenUs: start, revoked: true }], start);
    expect(version()).toBe(first! + 1);
  });

  it('keeps the last 60 pulses, and gives out those of the last 60 s', () => {
    const fleet = withHost();
    for (let i = 1; i <= 100; i++) fleet.pulse(1, { rxRate: i }, start + i * second, start + i * second);
    const samples = fleet.history(1, start + 100 * second);
    expect([samples.length, samples[0]!.rxRate, samples.at(-1)!.rxRate]).toEqual([60, 41, 100]);
    expect(fleet.history(1, start + 130 * second)).toHaveLength(30);
  });
});
