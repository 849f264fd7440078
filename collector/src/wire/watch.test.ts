// What an agent of each version is asked for.
import { LiveSection } from '@foretop/proto';
import { expect, test } from 'vitest';
import { watchFor } from './watch.ts';

const { LIVE_SECTION_BANDWIDTH: bandwidth, LIVE_SECTION_DNS: dns } = LiveSection;
const lease = { rateHz: 10, ttlMs: 15_000, keyFrame: true };

test('an agent of version 1 is never asked for DNS; a lease on nothing else ends', () => {
  expect(watchFor(1, { ...lease, sections: [bandwidth, dns] })).toEqual({ ...lease, sections: [bandwidth] });
  expect(watchFor(1, { ...lease, sections: [dns] })).toMatchObject({ sections: [], ttlMs: 0 });
  expect(watchFor(1, { sections: [], ttlMs: 0 })).toEqual({ sections: [], ttlMs: 0 });
});

test('an agent of version 2 gets the lease as it is', () => {
  const watch = { ...lease, sections: [bandwidth, dns] };
  expect(watchFor(2, watch)).toBe(watch);
});
