// What the offers' desk and the commands' desk share: whom they ask, and how they answer.
import type { AgentFrame } from '@foretop/proto';
import { toolCapability } from '@foretop/proto/tools';
import type { Capability, OfferedAction } from '@foretop/proto/trust';
import type { Logger } from 'pino';
import type { TargetHost } from '../host/targets.ts';
import type { AuditJournal, HostKey } from './audit-journal.ts';
import type { NameOf } from './draft.ts';
import type { HeldTarget, Offers } from './offers.ts';
import type { FoundPolicy } from './policy-file.ts';
import { Refusal } from './refusal.ts';
import type { Guard } from '../tools/guard/guard.ts';
import type { OwnConnections } from '../tools/tool.ts';
import type { TerminateTimes } from './terminate.ts';
import type { BelievedRoster } from './trust-store.ts';
import type { Watches } from './watches.ts';

/** Over whatever connection is open then. False = there is none, it knows no commands, or it has no room for packets. */
export type Answer = (frame: AgentFrame) => boolean;

export interface Desk {
  host: TargetHost;
  key: HostKey;
  journal: AuditJournal;
  log: Logger;
  offers: Offers;
  policy: () => FoundPolicy;
  roster: () => BelievedRoster;
  /** Processes of the agent. */
  own: () => ReadonlySet<number>;
  collectorOffsetUs: () => number | undefined;
  nameOf: NameOf;
  /** What a capture leaves out. Never throws. */
  ownConnections: () => OwnConnections;
  /** Where this host looks, by its own file. */
  guard: Guard;
  watches: Watches;
  times: Partial<TerminateTimes>;
}

/** What any act on a process or a connection needs of roster and file. */
export const actCapability = 'terminate';

/** What an act needs of roster and file. */
export function capabilityOf(target: HeldTarget): Capability {
  return target.kind === 'run-tool' ? toolCapability(target.prepared.request) : actCapability;
}

const idBytes = 16;

/** Throws Refusal. */
export function requestIdOf({ requestId }: { requestId?: Uint8Array | null | undefined }): string {
  if (requestId?.length === idBytes) return Buffer.from(requestId).toString('hex');
  throw new Refusal('malformed', `A request’s id has ${idBytes} bytes.`);
}

/** What failed in a way that nobody expected, as a refusal. */
export function refusalOf(error: unknown, log: Logger): Refusal {
  if (error instanceof Refusal) return error;
  log.error({ event: 'command-failed', error: String(error) }, 'A command failed in a way that was not expected.');
  return new Refusal('not-supported', 'It failed; the agent’s log says how.', { cause: error });
}

/** For the audit. */
export function actionText(action: OfferedAction): string {
  if (action.kind === 'terminate') {
    const { pid, name, executable } = action.process;
    const tree = action.tree.length > 0 ? ` and ${action.tree.length} that descend from it` : '';
    return `terminate PID ${pid} ${name} (${executable})${tree}`;
  }
  if (action.kind === 'run-tool') return toolText(action);
  const { local, remote, cookie } = action;
  return `close ${local.address} ${local.port} to ${remote.address} ${remote.port}, cookie ${cookie}`;
}

function toolText({ tool, parameters, addresses }: Extract<OfferedAction, { kind: 'run-tool' }>): string {
  const to = addresses.length > 0 ? ` to ${addresses.join(', ')}` : '';
  return `${tool}${to}: ${parameters}`;
}
