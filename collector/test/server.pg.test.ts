// What tests of live hosts rest on: a made-up agent shows its tables for as long as it is watched, as agents do.
import { LiveSection } from '@foretop/proto/live';
import { expect, test } from 'vitest';
import { connectAgent, insertHost, testServer } from './server.ts';

test('a made-up agent sends frames until the lease is over, not only when it is asked', async () => {
  await using server = await testServer();
  const host = await insertHost(server.store);
  connectAgent(server, host, () => ({ boottimeUs: Date.now() * 1000, hasConnections: true }));
  let frames = 0;
  const sections = [LiveSection.LIVE_SECTION_CONNECTIONS];
  {
    using watch = server.live.watchHost(host, { sections, rateHz: 1 }, ({ frame }) => void (frames += frame ? 1 : 0));
    expect(watch).toBeDefined();
    // A lease is renewed after 5 s.
    await expect.poll(() => frames, { timeout: 4_500 }).toBeGreaterThanOrEqual(2);
  }
  const { framesUnwantedTotal } = server.live.counters();
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(server.live.counters()['framesUnwantedTotal']).toBe(framesUnwantedTotal);
});
