// Channels and routes in words.
import { expect, it } from 'vitest';
import {
  emptyRoute,
  emptySettings,
  groupWords,
  heldWords,
  routeWords,
  targetWords,
  usualQuiet,
} from './notify-words.ts';

it.each([
  [{ ...emptySettings('webhook'), url: 'https://chat.example/…' }, 'https://chat.example/…'],
  [{ kind: 'email', to: ['a@example.org', 'b@example.org'] }, 'a@example.org, b@example.org'],
  [{ ...emptySettings('syslog'), host: 'logs.internal' }, 'logs.internal port 514, UDP'],
] as const)('%o goes to %s', (settings, words) => expect(targetWords(settings as never)).toBe(words));

it('a route is a sentence', () => {
  expect(routeWords(emptyRoute(1))).toBe('high and above');
  expect(
    routeWords({
      ...emptyRoute(1),
      minimumSeverity: 'low',
      hostLabels: ['prod', 'edge'],
      detectors: ['beacon'],
      quietHours: usualQuiet('Europe/Berlin'),
    }),
  ).toBe('all severities, hosts with prod or edge, 1 type, quiet 22:00 to 06:00 but for critical');
});

it('says what waits, and why', () => {
  const route = { ...emptyRoute(1), id: 1, held: 3, holding: 'quiet-hours' as const, leftOut: 2 };
  expect(heldWords(route)).toBe('3 held: quiet hours, 2 left out');
  expect(heldWords({ ...route, held: 0, leftOut: 0, holding: 'nothing' })).toBe('');
  expect([groupWords(0), groupWords(90)]).toEqual(['at once', 'gathered for 1 min']);
});
