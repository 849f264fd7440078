import { limits } from '@foretop/proto';
import { LiveSection } from '@foretop/proto/live';
import { describe, expect, it } from 'vitest';
import { Lease } from './leases.ts';

const {
  LIVE_SECTION_BANDWIDTH: bandwidth,
  LIVE_SECTION_CONNECTIONS: connections,
  LIVE_SECTION_PROCESSES: processes,
} = LiveSection;

describe('Lease', () => {
  it('asks for the union of sections at the highest rate', () => {
    const lease = new Lease();
    expect(lease.add({ sections: [bandwidth], rateHz: 10 }, 0).watch).toEqual({
      sections: [bandwidth],
      rateHz: 10,
      ttlMs: limits.leaseMs,
      keyFrame: true,
    });
    const second = lease.add({ sections: [connections, bandwidth], rateHz: 2 }, 100);
    expect(second.watch).toMatchObject({ sections: [bandwidth, connections], rateHz: 10, keyFrame: true });
    expect(lease.add({ sections: [connections], rateHz: 1 }, 200).watch).toBeUndefined();
  });

  it('is renewed every 5 s, well before it dies', () => {
    const lease = new Lease();
    lease.add({ sections: [bandwidth], rateHz: 1 }, 0);
    const renewedAt = Array.from({ length: 31 }, (_, second) => second * 1000).filter((nowMs) => lease.due(nowMs));
    expect(renewedAt).toEqual([5_000, 10_000, 15_000, 20_000, 25_000, 30_000]);
  });

  it('asks for no key frame when it is renewed, narrowed or slowed', () => {
    const lease = new Lease();
    const fast = lease.add({ sections: [bandwidth, processes], rateHz: 10 }, 0);
    lease.add({ sections: [bandwidth], rateHz: 1 }, 0);
    expect(lease.due(5_000)).toMatchObject({ keyFrame: false, rateHz: 10 });
    expect(lease.remove(fast.key, 6_000)).toMatchObject({ sections: [bandwidth], rateHz: 1, keyFrame: false });
  });

  it('stops once when the last one leaves', () => {
    const lease = new Lease();
    const only = lease.add({ sections: [bandwidth], rateHz: 1 }, 0);
    expect(lease.remove(only.key, 10)).toMatchObject({ sections: [], ttlMs: 0 });
    expect([lease.remove(only.key, 20), lease.due(60_000), lease.wanted]).toEqual([undefined, undefined, false]);
  });

  it('lets a want run out unless it is extended', () => {
    const lease = new Lease();
    const { key } = lease.add({ sections: [bandwidth], rateHz: 1, untilMs: 15_000 }, 0);
    expect(lease.extend(key, 20_000)).toBe(true);
    expect(lease.due(15_000)).toMatchObject({ ttlMs: limits.leaseMs });
    expect(lease.due(20_000)).toMatchObject({ ttlMs: 0 });
    expect(lease.extend(key, 30_000)).toBe(false);
  });

  it('starts again with a key frame after the agent was gone', () => {
    const lease = new Lease();
    lease.add({ sections: [bandwidth], rateHz: 1 }, 0);
    lease.lost();
    expect(lease.due(1_000)).toMatchObject({ sections: [bandwidth], keyFrame: true });
  });

  it('asks for nothing when nobody wants a section', () => {
    expect(new Lease().add({ sections: [], rateHz: 5 }, 0).watch).toBeUndefined();
  });

  it.each([
    [0, 1],
    [-5, 1],
    [Number.NaN, 1],
    [3.7, 3],
    [1_000, 10],
  ])('takes a rate of %s as %s', (given, expected) => {
    expect(new Lease().add({ sections: [bandwidth], rateHz: given }, 0).watch!.rateHz).toBe(expected);
  });
});
