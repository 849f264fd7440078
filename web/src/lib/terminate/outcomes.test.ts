// Outcomes in words; and no host can put a command into the line that is offered to copy.
import { refusals } from '@foretop/proto/trust';
import { expect, it } from 'vitest';
import { lineAgainst, refusalWords } from './outcomes.ts';

it('every refusal has words', () => {
  for (const code of Object.keys(refusals)) expect(refusalWords(code).why).not.toBe('');
  expect(refusalWords('constructor')).toEqual({ why: '', next: '' });
  expect(refusalWords('made-up')).toEqual({ why: '', next: '' });
});

it.each([
  ['respawned as PID 4711 by nginx.service', 'sudo systemctl stop nginx.service'],
  ['respawned as PID 4711 by getty@tty1.service.', 'sudo systemctl stop getty@tty1.service'],
  ['respawned as PID 4711 by a-b.service, which', 'sudo systemctl stop a-b.service'],
  ['respawned as PID 4711', undefined],
  ['respawned by x;reboot.service', undefined],
  ['respawned by $(reboot).service', undefined],
  ['respawned by `reboot`.service', undefined],
  ['respawned by -H.service', undefined],
  ['respawned by --root=/x.service', undefined],
  ['respawned by a\u202eb.service', undefined],
])('%j', (detail, line) => expect(lineAgainst(detail)).toBe(line));
