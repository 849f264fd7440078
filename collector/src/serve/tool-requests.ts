// What the routes of tools have in common: who may look from which host, and which parts of a run somebody sees.
import type { CommandOffer, ToolRun, ToolRunAsked, ToolRunSignatures, ToolRunSigned } from '@foretop/proto/api';
import { checkToolRequest, ToolFault, type ToolRequest } from '@foretop/proto/tools';
import { controlVersion } from '../command/link.ts';
import type { TrustSource } from '../command/trust-source.ts';
import type { LiveHub } from '../live/hub.ts';
import type { Store } from '../store/database.ts';
import { selectHostControl } from '../store/queries/host-control.ts';
import { getHost, type HostRow } from '../store/queries/hosts.ts';
import { findToolRun, type ToolRunHostRow, type ToolRunRow, toolRunHosts } from '../store/queries/tool-runs.ts';
import { summaryOf } from '../tools/target.ts';
import type { NotAsked, OfferedPart, ToolDesk } from '../tools/tool-desk.ts';
import { actorOf } from './audit.ts';
import { type Identity, mayActOn, sees } from './auth/access.ts';
import { noSuchHost, RequestError } from './problem.ts';
import { offerAnswer } from './routes/command-answers.ts';
import { withProblems } from './routes/command-problems.ts';
import { toolRunAnswer } from './routes/tool-answers.ts';

/** Every method throws RequestError. */
export interface ToolRequests {
  ask(
    identity: Identity,
    wanted: { tool: string; parameters: unknown; hosts: readonly number[] },
  ): Promise<ToolRunAsked>;
  sign(identity: Identity, runId: string, given: ToolRunSignatures): Promise<ToolRunSigned>;
  cancel(identity: Identity, runId: string): Promise<void>;
  /** For whoever sees one of its hosts at least; the others are left out. */
  find(identity: Identity, runId: string): Promise<{ run: ToolRunRow; hosts: ToolRunHostRow[] }>;
  answers(identity: Identity, runs: readonly ToolRunRow[]): Promise<ToolRun[]>;
}

export interface ToolRequestOptions {
  store: Store;
  live: LiveHub;
  tools: ToolDesk;
  trust: Pick<TrustSource, 'current'>;
  now: () => number;
}

export function createToolRequests(options: ToolRequestOptions): ToolRequests {
  const { store, live, tools, trust, now } = options;

  const inSight = async (identity: Identity, hostId: number): Promise<HostRow> => {
    const host = await getHost(store.db, hostId);
    if (host === undefined || !sees(identity, host.labels)) throw noSuchHost(hostId);
    return host;
  };
  /** Why the host is not asked at all. */
  const whyNotAsked = (identity: Identity, host: HostRow): Omit<NotAsked, 'hostId'> | undefined => {
    const { labels, revoked_at: revokedAt, protocol_version: version } = host;
    if (!mayActOn(identity, labels)) return { code: 'role-too-low', detail: 'You may not act on this host.' };
    if (revokedAt !== null) return { code: 'host-not-live', detail: "The host's key was revoked." };
    if (live.status(host.host_id) === 'live' && version < controlVersion)
      return { code: 'not-supported', detail: "The host's agent is too old for tools. Update it." };
    return undefined;
  };
  const offerOf = async (identity: Identity, host: HostRow, offered: OfferedPart): Promise<CommandOffer> => {
    const control = await selectHostControl(store.db, host.host_id);
    const hostLabels = control?.policy?.labels ?? [];
    const roster = trust.current().roster ?? '';
    return offerAnswer(offered, { identity, hostName: host.name, hostLabels, roster, nowMs: now() });
  };
  const hostsOf = async (identity: Identity, runIds: readonly string[]): Promise<Map<string, ToolRunHostRow[]>> => {
    const rows = await toolRunHosts(store.db, runIds);
    return Map.groupBy(
      rows.filter(({ labels }) => sees(identity, labels)),
      (row) => row.run_id,
    );
  };
  const find: ToolRequests['find'] = async (identity, runId) => {
    const run = await findToolRun(store.db, runId);
    const hosts = run && (await hostsOf(identity, [runId])).get(runId);
    if (run === undefined || hosts === undefined) throw noSuchRun(runId);
    return { run, hosts };
  };
  const answer = async (identity: Identity, runId: string): Promise<ToolRun> => {
    const { run, hosts } = await find(identity, runId);
    return toolRunAnswer(run, hosts);
  };

  return {
    find,
    async ask(identity, { tool, parameters, hosts: hostIds }) {
      const request = requestOf(tool, parameters);
      const hosts = new Map<number, HostRow>();
      for (const hostId of hostIds) hosts.set(hostId, await inSight(identity, hostId));
      const notAsked = [...hosts.values()].flatMap((host): NotAsked[] => {
        const why = whyNotAsked(identity, host);
        return why === undefined ? [] : [{ hostId: host.host_id, ...why }];
      });
      if (notAsked.length === hosts.size && notAsked.every(({ code }) => code === 'role-too-low'))
        throw new RequestError('role-too-low', 'You may not act on any of these hosts.');
      const asked = hostIds.filter((hostId) => !notAsked.some((entry) => entry.hostId === hostId));
      const by = { actor: actorOf(identity) };
      const { runId, offers } = await withProblems(() => tools.ask(by, { request, hostIds: asked, notAsked }));
      return {
        run: await answer(identity, runId),
        offers: await Promise.all(offers.map((offered) => offerOf(identity, hosts.get(offered.hostId)!, offered))),
      };
    },
    async sign(identity, runId, { signatures }) {
      if (!identity.canSign)
        throw new RequestError('person-needed', 'A token cannot sign. Sign in, or use the command line: foretop ping');
      const { hosts } = await find(identity, runId);
      // Labels may have changed since the offer: who may not act on a host any more signs nothing for it.
      const actable = new Set(hosts.filter((row) => mayActOn(identity, row.labels)).map((row) => row.request_id));
      const [theirs, others] = [true, false].map((is) =>
        signatures.filter(({ requestId }) => actable.has(requestId) === is),
      );
      const faults = await withProblems(() => tools.sign({ actor: actorOf(identity) }, runId, theirs!));
      const refused = { code: 'offer-unknown', detail: 'This run has no such offer for you.' };
      return {
        run: await answer(identity, runId),
        faults: [...faults, ...others!.map(({ requestId }) => ({ requestId, ...refused }))],
      };
    },
    async cancel(identity, runId) {
      const { run, hosts } = await find(identity, runId);
      const request = { tool: run.tool, parameters: run.parameters } as ToolRequest;
      const parts = hosts
        .filter((row) => mayActOn(identity, row.labels))
        .map((row) => ({ runId, requestId: row.request_id, hostId: row.host_id, summary: summaryOf(request) }));
      if (parts.length === 0) throw new RequestError('role-too-low', 'You may not act on any of its hosts.');
      await withProblems(() => tools.cancel({ actor: actorOf(identity) }, parts));
    },
    async answers(identity, runs) {
      const hosts = await hostsOf(
        identity,
        runs.map((run) => run.run_id),
      );
      return runs.map((run) => toolRunAnswer(run, hosts.get(run.run_id) ?? []));
    },
  };
}

/** Throws RequestError invalid-request. */
function requestOf(tool: string, parameters: unknown): ToolRequest {
  try {
    return checkToolRequest({ tool, parameters });
  } catch (error) {
    if (!(error instanceof ToolFault)) throw error;
    throw new RequestError('invalid-request', `${error.message}.`, {
      cause: error,
      errors: [{ parameter: 'parameters', detail: error.message }],
    });
  }
}

const noSuchRun = (runId: string): RequestError =>
  new RequestError('not-found', `There is no run ${JSON.stringify(runId.slice(0, 64))}.`);
