// What came of a command in words, and what somebody may do next.
import { refusals, type Outcome, type RefusalCode } from '@foretop/proto/trust';

export const outcomeWords: Record<Outcome, string> = {
  completed: 'It is done',
  cancelled: 'It was stopped',
  gone: 'It is gone',
  respawned: 'It is gone, and something started it again',
  'still-there': 'It is still there',
  closed: 'The connection is closed',
  refused: 'The host refused',
  failed: 'It failed',
};

const next: Partial<Record<RefusalCode, string>> = {
  'not-allowed': 'Root on the host can allow it in the host’s own file. No server can.',
  'no-owner': 'Enrol the host again with a token of this collector; it pins the owner key then.',
  'no-roster': 'An administrator grants a key under Settings, Keys; that signs the first roster.',
  'roster-expired': 'The owner signs a new roster under Settings, Keys.',
  'unknown-signer': 'Register your key under Settings, Keys, and have an administrator grant it.',
  'not-in-scope': 'An administrator can widen the grant of your key under Settings, Keys.',
  'signer-too-weak': 'Sign with the kind that the host’s file asks for.',
  'signature-invalid': 'Ask the host again and sign anew. If it happens again, look into the audit log.',
  'offer-unknown': 'Ask the host again: an offer is good once, and for a minute.',
  'no-such-process': 'Nothing is left to do.',
  'process-changed': 'Look at the process anew: what runs under this number now is something else.',
  'no-such-connection': 'Nothing is left to do.',
  protected: 'Work on the host itself if you must. No command from afar ends it.',
  'not-visible': 'Run the agent with the /proc of the PID namespace that it is in, as service and container do.',
  'too-many': 'Wait a minute. A host takes three commands in one.',
  malformed: 'Ask the host again.',
};

const isRefusal = (code: string): code is RefusalCode => Object.hasOwn(refusals, code);

/** `code` comes from the host: one that is not known says nothing. */
export function refusalWords(code: string): { why: string; next: string } {
  if (!isRefusal(code)) return { why: '', next: '' };
  return { why: refusals[code], next: next[code] ?? '' };
}

/** The line that stops what started the process again; undefined when the detail names no unit that is plainly one. */
export function lineAgainst(detail: string): string | undefined {
  // Nothing that a shell would read as more than a name: the detail is the host's.
  const unit = /(?:^|\s)((?:[A-Za-z0-9_@.:]|-(?!-))+\.service)(?=\.?$|[\s,;)])/.exec(detail)?.[1];
  return unit && !unit.startsWith('-') && unit.length <= 128 ? `sudo systemctl stop ${unit}` : undefined;
}
