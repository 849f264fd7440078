// What a person types before a command is signed: the host and the PID, the port of the other end or the tool, of this very offer.
import type { OfferedAction } from '@foretop/proto/trust';

/** Only what every keyboard has: a host may be called anything. */
const typable = /^[\x21-\x7e]{1,64}$/;

export function phraseOf(action: OfferedAction, hostName: string, hostId: number): string {
  const host = typable.test(hostName) ? hostName : `host-${hostId}`;
  return `${host} ${whatOf(action)}`;
}

function whatOf(action: OfferedAction): string {
  if (action.kind === 'terminate') return `${action.process.pid}`;
  return action.kind === 'close-connection' ? `${action.remote.port}` : action.tool;
}

/** Case counts; spaces around and between do not. */
export const confirms = (typed: string, phrase: string): boolean => typed.trim().replace(/\s+/g, ' ') === phrase;
