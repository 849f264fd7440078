// Zones with the offset of the moment, and those that no browser knows.
import { expect, test } from 'vitest';
import { zoneWords } from './zone-words.ts';

test.each([
  ['Europe/Berlin', '2026-10-25T00:59:59Z', 'Europe/Berlin (UTC+2)'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z', 'Europe/Berlin (UTC+1)'],
  ['Asia/Kolkata', '2026-07-01T00:00:00Z', 'Asia/Kolkata (UTC+5:30)'],
  ['Africa/Abidjan', '2026-07-01T00:00:00Z', 'Africa/Abidjan (UTC)'],
  ['UTC', '2026-07-01T00:00:00Z', 'UTC'],
  ['Mars/\u202eOlympus', '2026-07-01T00:00:00Z', 'Mars/⟨202E⟩Olympus'],
])('%s at %s is "%s"', (zone, time, words) => expect(zoneWords(zone, Date.parse(time))).toBe(words));
