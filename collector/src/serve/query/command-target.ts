// What a process's or connection's public id stands for at the moment, as a host can find it: PID and start, or both ends and the cookie.
import { formatAddress, limits } from '@foretop/proto';
import type { WantedAction } from '@foretop/proto/api';
import { LiveSection } from '@foretop/proto/live';
import { CommandError } from '../../command/errors.ts';
import type { AskedAction } from '../../command/held-offer.ts';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { createIds, idText } from '../../store/ids.ts';
import { cleanText } from '../../store/host-text.ts';
import { selectProcess } from '../../store/queries/processes.ts';
import { RequestError } from '../problem.ts';

const liveAnswerMs = 2_000;
const tcp = 6;

export interface CommandTarget {
  asked: AskedAction;
  /** For people and the audit. */
  summary: string;
}

export type FindTarget = (hostId: number, action: WantedAction) => Promise<CommandTarget>;

/** Throws CommandError refused for what has ended, RequestError not-found for what was never known. */
export function createTargetFinder({ store, live }: { store: Store; live: LiveHub }): FindTarget {
  const ids = createIds(store.hashKey);

  const findProcess = async (hostId: number, { processId, tree }: WantedAction & { kind: 'terminate' }) => {
    const tables = await live.tables(hostId, [LiveSection.LIVE_SECTION_PROCESSES], liveAnswerMs);
    for (const { identity } of tables?.processes.values() ?? []) {
      const { pid, startTicks, startedUs, comm } = identity!;
      if (idText(hostId, ids.process(hostId, tables!.bootId, pid!, startTicks!)) !== processId) continue;
      return processTarget(pid!, startedUs!, comm!, tree);
    }
    const stored = await selectProcess(store.db, hostId, processId.split('-')[1]!);
    if (stored === undefined && tables === undefined && live.status(hostId) === 'live') throw silent();
    if (stored === undefined) throw unknownRow('process', processId);
    if (tables !== undefined || stored.exitedAt !== null) throw gone('no-such-process', 'The process has ended.');
    return processTarget(stored.pid, stored.startedAt.getTime() * 1000, stored.process, tree);
  };

  const findConnection = async (hostId: number, connectionId: string): Promise<CommandTarget> => {
    const sections = [LiveSection.LIVE_SECTION_CONNECTIONS];
    const tables = await live.tables(hostId, sections, liveAnswerMs);
    if (tables === undefined) {
      if (live.status(hostId) === 'live') throw silent();
      throw new CommandError('host-not-live', 'A connection can be closed only while its host is live.');
    }
    const row = tables.connections.values().find(({ id }) => id === connectionId);
    if (row === undefined) throw gone('no-such-connection', 'The connection is closed, or was never known.');
    const { protocol, localAddress, localPort, remoteAddress, remotePort, cookie, comm, pid } = row;
    if (protocol !== tcp || !remoteAddress?.length) {
      throw gone('not-supported', 'Only TCP connections can be closed, not listening sockets nor UDP.');
    }
    const ends = `${endText(localAddress!, localPort!)} → ${endText(remoteAddress, remotePort!)}`;
    const owner = pid ? ` of ${comm} (pid ${pid})` : '';
    return {
      asked: { closeConnection: { protocol, localAddress, localPort, remoteAddress, remotePort, cookie } },
      summary: `close connection ${ends}${owner}`,
    };
  };

  return (hostId, action) =>
    action.kind === 'terminate' ? findProcess(hostId, action) : findConnection(hostId, action.connectionId);
}

function processTarget(pid: number, startedUs: number, comm: string, tree: boolean): CommandTarget {
  const name = cleanText(comm, limits.commLength);
  return {
    asked: { terminate: { pid, startedUs, tree } },
    summary: `terminate ${name} (pid ${pid})${tree ? ' with its descendants' : ''}`,
  };
}

function endText(address: Uint8Array, port: number): string {
  const text = formatAddress(address);
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}

const gone = (refusal: 'no-such-process' | 'no-such-connection' | 'not-supported', message: string): CommandError =>
  new CommandError('refused', message, { refusal });

const silent = (): CommandError => new CommandError('host-silent', 'The host did not show in time what runs on it.');

const unknownRow = (kind: string, id: string): RequestError =>
  new RequestError('not-found', `There is no ${kind} ${JSON.stringify(id)} that is still known.`);
