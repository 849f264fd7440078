// A command's state in words, and whether somebody can still withdraw it.
import type { Command, CommandStatus } from '@foretop/proto/api';
import { outcomeWords, refusalWords } from '#lib/terminate/outcomes.ts';

const words: Record<CommandStatus, string> = {
  queued: 'Waits for a signature',
  offered: 'Offered, not signed yet',
  signed: 'Signed, the host acts',
  ended: 'Ended',
  refused: 'Refused',
  expired: 'Expired unsigned',
  withdrawn: 'Withdrawn',
  lost: 'Sent, no receipt came',
};

/** For `foretop approve`. What is only offered is before somebody's eyes in a browser, for a minute at most. */
export const isWaiting = ({ status }: Pick<Command, 'status'>): boolean => status === 'queued';

/** What is so now; how it ended where it has. The host's own words are not in it. */
export function stateWords({ status, outcome, code }: Pick<Command, 'status' | 'outcome' | 'code'>): string {
  if (status === 'ended' && outcome !== null && outcome !== 'refused') return outcomeWords[outcome];
  if (status === 'refused' || outcome === 'refused') return `Refused. ${refusalWords(code).why}`.trim();
  return words[status];
}
