// What the routes of commands have in common: who may ask what of which host, and whose signature is passed on.
import type { CommandOffer, CommandResult, CommandSignature, WantedAction } from '@foretop/proto/api';
import type { CommandDesk, Offered } from '../command/desk.ts';
import { controlVersion } from '../command/link.ts';
import type { TrustSource } from '../command/trust-source.ts';
import type { LiveHub } from '../live/hub.ts';
import type { Store } from '../store/database.ts';
import { type CommandRow, findCommand } from '../store/queries/commands.ts';
import { selectHostControl } from '../store/queries/host-control.ts';
import { getHost, type HostRow } from '../store/queries/hosts.ts';
import { actorOf } from './audit.ts';
import { type Identity, mayActOn, sees } from './auth/access.ts';
import { noSuchHost, RequestError } from './problem.ts';
import { createTargetFinder } from './query/command-target.ts';
import { offerAnswer, resultAnswer } from './routes/command-answers.ts';
import { withProblems } from './routes/command-problems.ts';

/** Every method throws RequestError. */
export interface CommandRequests {
  offer(identity: Identity, action: WantedAction): Promise<CommandOffer>;
  /** Returns the request's id. */
  queue(identity: Identity, hostId: number, action: WantedAction): Promise<string>;
  offerQueued(identity: Identity, requestId: string): Promise<CommandOffer>;
  /** `of`: what the path names, where it names something; the request must be about it. */
  sign(identity: Identity, given: CommandSignature, of?: Partial<WantedAction>): Promise<CommandResult>;
  withdraw(identity: Identity, requestId: string): Promise<void>;
  /** For whoever sees its host. */
  find(identity: Identity, requestId: string): Promise<CommandRow>;
}

export interface CommandRequestOptions {
  store: Store;
  live: LiveHub;
  desk: CommandDesk;
  trust: Pick<TrustSource, 'current'>;
  now: () => number;
}

export function createCommandRequests(options: CommandRequestOptions): CommandRequests {
  const { store, live, desk, trust, now } = options;
  const findTarget = createTargetFinder({ store, live });

  /** The host, if they may act on it. One out of sight is as if it were not there. */
  const actable = async (identity: Identity, hostId: number): Promise<HostRow> => {
    const host = await getHost(store.db, hostId);
    if (host === undefined || !sees(identity, host.labels)) throw noSuchHost(hostId);
    if (!mayActOn(identity, host.labels)) throw new RequestError('role-too-low', 'You may not act on this host.');
    if (host.revoked_at !== null) throw new RequestError('host-not-live', "The host's key was revoked.");
    if (live.status(hostId) === 'live' && host.protocol_version < controlVersion) {
      const refusal = { refusal: 'not-supported' };
      throw new RequestError('command-refused', "The host's agent is too old for commands. Update it.", refusal);
    }
    return host;
  };
  const find = async (identity: Identity, requestId: string): Promise<CommandRow> => {
    const row = await findCommand(store.db, requestId);
    const host = row && (await getHost(store.db, row.host_id));
    if (row === undefined || host === undefined || !sees(identity, host.labels)) throw noSuchRequest(requestId);
    return row;
  };
  const toAct = async (identity: Identity, requestId: string): Promise<{ row: CommandRow; host: HostRow }> => {
    const row = await find(identity, requestId);
    return { row, host: await actable(identity, row.host_id) };
  };
  const answer = async (identity: Identity, host: HostRow, offered: Offered): Promise<CommandOffer> => {
    const control = await selectHostControl(store.db, host.host_id);
    const hostLabels = control?.policy?.labels ?? [];
    return offerAnswer(offered, {
      identity,
      hostName: host.name,
      hostLabels,
      roster: trust.current().roster ?? '',
      nowMs: now(),
    });
  };

  return {
    find,
    async offer(identity, action) {
      const hostId = hostOf(action);
      const host = await actable(identity, hostId);
      const offered = await withProblems(async () => {
        const target = await findTarget(hostId, action);
        return desk.offer({ actor: actorOf(identity) }, { hostId, action, ...target });
      });
      return answer(identity, host, offered);
    },
    async queue(identity, hostId, action) {
      if (hostOf(action) !== hostId) {
        throw new RequestError('invalid-request', 'The process or connection is not of the host that hostId names.');
      }
      await actable(identity, hostId);
      return withProblems(async () => {
        const { summary } = await findTarget(hostId, action);
        return desk.queue({ actor: actorOf(identity) }, { hostId, action, summary });
      });
    },
    async offerQueued(identity, requestId) {
      const { row, host } = await toAct(identity, requestId);
      const offered = await withProblems(async () => {
        const { asked } = await findTarget(row.host_id, row.action);
        return desk.offerQueued({ actor: actorOf(identity) }, row, asked);
      });
      return answer(identity, host, offered);
    },
    async sign(identity, { requestId, signature }, of) {
      if (!identity.canSign) {
        throw new RequestError('person-needed', 'A token cannot sign. Sign in, or sign with: foretop approve');
      }
      const { row } = await toAct(identity, requestId);
      const isOther = Object.entries(of ?? {}).some(
        ([name, value]) => row.action[name as keyof WantedAction] !== value,
      );
      if (isOther) throw noSuchRequest(requestId);
      return withProblems(async () => {
        return resultAnswer(await desk.sign({ actor: actorOf(identity) }, requestId, signature));
      });
    },
    async withdraw(identity, requestId) {
      const { row } = await toAct(identity, requestId);
      await withProblems(() => desk.withdraw({ actor: actorOf(identity) }, row));
    },
  };
}

/** Ids say of which host they are. */
function hostOf(action: WantedAction): number {
  const id = action.kind === 'terminate' ? action.processId : action.connectionId;
  return Number(id.split('-')[0]);
}

const noSuchRequest = (requestId: string): RequestError =>
  new RequestError('not-found', `There is no command ${JSON.stringify(requestId.slice(0, 64))}.`);
