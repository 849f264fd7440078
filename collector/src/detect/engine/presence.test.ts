import { expect, test } from 'vitest';
import { createPresence, FleetPresence } from './presence.ts';

const second = 1_000_000;
const host = (hostId: number, heard: boolean, lastHeardUs: number, revoked = false) => ({
  ...{ hostId, heard, lastHeardUs, revoked },
});

test('who connects is told once, who is silent again and again with how long', () => {
  const presence = createPresence(0);
  const look = (heard: boolean, nowSeconds: number) =>
    presence
      .look([host(1, heard, heard ? nowSeconds * second : 10 * second)], nowSeconds * second)
      .map(({ event, seconds }) => [event, seconds]);
  expect(look(true, 5)).toEqual([['connected', 0]]);
  expect(look(true, 10)).toEqual([]);
  expect(look(false, 75)).toEqual([['silent', 65]]);
  expect(look(false, 80)).toEqual([]);
  expect(look(false, 140)).toEqual([['silent', 130]]);
  expect(look(true, 145)).toEqual([['connected', 0]]);
});

test('nobody was silent while the collector did not listen', () => {
  const presence = createPresence(3_600 * second);
  expect(presence.look([host(1, false, 10 * second)], 3_605 * second)).toMatchObject([{ event: 'silent', seconds: 5 }]);
});

test('a host that never was heard, or is revoked, is not told of', () => {
  const presence = createPresence(0);
  expect(presence.look([host(1, false, 0), host(2, false, second, true)], 500 * second)).toEqual([]);
});

test('ticks of the live side are put together', () => {
  const fleet = new FleetPresence();
  fleet.apply({ hostId: [1, 2], status: [1, 3], lastSeenUs: [50, 20] });
  fleet.apply({ hostId: [1], status: [4], lastSeenUs: [50] });
  expect([...fleet.hosts()]).toEqual([host(1, false, 50, true), host(2, false, 20)]);
});
