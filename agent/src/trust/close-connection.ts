// Cuts the connection of an offer, and looks whether it is gone.
import { messageOf } from '../host/host-error.ts';
import type { HeldConnection } from '../host/targets.ts';
import type { Ending, Say } from './ending.ts';
import { Refusal } from './refusal.ts';

/** Throws Refusal when it is closed by now. */
export function requireOpen(connection: HeldConnection): void {
  if (!connection.isOpen()) throw new Refusal('no-such-connection');
}

export function closeConnection(connection: HeldConnection, say: Say): Ending {
  try {
    if (!connection.close()) return { outcome: 'closed', code: '', detail: 'it had ended by itself' };
    say('The kernel was told to cut the connection.');
    return connection.isOpen()
      ? { outcome: 'still-there', code: '', detail: 'the kernel took the order, and the connection is still there' }
      : { outcome: 'closed', code: '', detail: 'cut; both sides were told' };
  } catch (error) {
    return { outcome: 'failed', code: '', detail: messageOf(error) };
  }
}
