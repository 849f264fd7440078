// Whether a process is still the one that was offered: the same start, the same executable to the byte.
import type { HeldProcess } from '../host/targets.ts';
import { messageOf } from '../host/host-error.ts';

export type TargetState = { state: 'same' } | { state: 'ended' } | { state: 'changed'; how: string };

/** Closed on doubt: what cannot be read any more counts as changed. Never throws. */
export async function stateOf(held: HeldProcess): Promise<TargetState> {
  const { startTicks, executable } = held.evidence;
  try {
    const now = await held.mark();
    if (now === undefined) return { state: 'ended' };
    if (now.startTicks !== startTicks) return { state: 'changed', how: 'is another process' };
    const isSameFile = now.device === executable.device && now.inode === executable.inode;
    if (isSameFile && now.sha256 === executable.sha256) return { state: 'same' };
    return { state: 'changed', how: 'runs another program' };
  } catch (error) {
    return { state: 'changed', how: `cannot be read any more (${messageOf(error)})` };
  }
}
