// Why a span is not known, in words, with its times.
import type { UnknownSpan } from '@foretop/proto/api';
import { timeOfDay } from './clock.ts';

const reasons: Record<string, string> = {
  'agent-stopped': 'agent did not run',
  'spool-overflow': 'spool was full',
  'rows-capped': 'more rows than a flush may hold',
  clock: 'its clock was wrong',
  quarantined: 'a batch could not be stored',
  'invalid-rows': 'rows were not valid',
  stalled: 'agent was suspended',
  'collect-failed': 'a source could not be read',
  deleted: 'deleted by an administrator',
  'given-up': 'agent stayed within its budget',
  'size-budget': 'dropped to stay within the size budget',
  'before-enrolment': 'not enrolled yet',
  'not-kept': 'older than what is kept',
  'not-live': 'nothing has come since',
};

export const reasonWords = (reason: string): string => reasons[reason] ?? reason;

/** "agent did not run, 03:11:58 to 03:12:51" */
export function unknownWords({ reason, from, to }: Pick<UnknownSpan, 'reason' | 'from' | 'to'>): string {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (reason === 'not-live') return `${reasonWords(reason)} ${timeOfDay(fromMs)}`;
  if (reason === 'before-enrolment' || reason === 'not-kept') return reasonWords(reason);
  return `${reasonWords(reason)}, ${timeOfDay(fromMs)} to ${timeOfDay(toMs)}`;
}
