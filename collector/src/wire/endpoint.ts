// The WebSocket /agent: admits agents at a rate, runs a session for each, watches over dead, slow and revoked ones.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type CloseName, closeReasons, limits } from '@foretop/proto';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ControlLane } from '../command/link.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { LiveHub } from '../live/hub.ts';
import type { Store } from '../store/database.ts';
import { Admission } from './admission.ts';
import { type CollectorClock, systemClock } from './clock.ts';
import { followDirectory } from './directory.ts';
import { LastSeen } from './last-seen.ts';
import { LogLimit } from './log-limit.ts';
import type { HeldBatches } from './record-lane.ts';
import { type OpenSession, Session, type SessionEnd } from './session.ts';
import { refuseUpgrade, upgradeFault } from './upgrade.ts';

export const agentProtocol = 'foretop.agent.v1';

/** For closing handshakes, when the collector stops. */
const stopTimeoutMs = 2_000;

export interface AgentEndpoint extends AsyncDisposable {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  counters(): Record<string, number>;
}

export interface AgentEndpointOptions {
  store: Store;
  ingest: Ingest;
  live: LiveHub;
  control: ControlLane;
  log: Logger;
  clock?: CollectorClock;
  /** Agents let in a second; the others are told when to come back. */
  admissionPerSecond?: number;
  /** Connections that have not answered the challenge, in all and from one address. */
  mostUnknown?: number;
  mostUnknownPerAddress?: number;
  helloTimeoutMs?: number;
  /** How often silent agents are looked for. */
  checkAliveMs?: number;
}

/** Keeps the live side's directory of hosts up to date too. */
export function createAgentEndpoint(options: AgentEndpointOptions): AgentEndpoint {
  const { store, ingest, live, control, log, clock = systemClock } = options;
  const monotonicMs = (): number => clock.monotonicUs() / 1000;
  const admission = new Admission({
    perSecond: options.admissionPerSecond ?? 200,
    mostUnknown: options.mostUnknown ?? 1_000,
    mostUnknownPerAddress: options.mostUnknownPerAddress ?? 250,
    now: monotonicMs,
  });
  const logLimit = new LogLimit(monotonicMs);
  const held: HeldBatches = { bytes: 0, mostBytes: 64 << 20 };
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytes,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols: () => agentProtocol,
  });
  const sessions = new Set<Session>();
  const byHost = new Map<number, OpenSession>();
  const ends = new Map<CloseName, number>();
  let stopping = false;

  const onOpen = (session: OpenSession): void => {
    byHost.get(session.hostId)?.close('replaced');
    byHost.set(session.hostId, session);
    if (session.enrolled) directory.refresh();
    const { hostId, enrolled } = session;
    const line = logLimit.admit(`host ${hostId}`);
    if (line) log.info({ event: 'agent-connected', hostId, enrolled, suppressed: line.suppressed });
  };
  const onClose = (session: Session, address: string, { hostId, reason, detail }: SessionEnd): void => {
    if (hostId !== undefined && byHost.get(hostId) === session) byHost.delete(hostId);
    if (reason !== undefined) ends.set(reason, (ends.get(reason) ?? 0) + 1);
    const line = logLimit.admit(hostId === undefined ? address : `host ${hostId}`);
    if (line) log.info({ event: 'agent-disconnected', hostId, address, reason, detail, suppressed: line.suppressed });
  };
  const accept = (socket: WebSocket, address: string, release: () => void): void => {
    const session: Session = new Session({
      socket,
      store,
      ingest,
      live,
      control,
      clock,
      held,
      helloTimeoutMs: options.helloTimeoutMs ?? 10_000,
      onOpen: (opened) => {
        release();
        onOpen(opened);
      },
      onPulse: (hostId) => lastSeen.saw(hostId),
      onClose: (closed, end) => {
        release();
        onClose(closed, address, end);
      },
    });
    sessions.add(session);
    void session.disconnected.then(() => sessions.delete(session));
  };

  const lastSeen = new LastSeen({ db: store.db, log, clock });
  const directory = followDirectory({
    store,
    log,
    onDirectory: (hosts) => {
      live.setHosts(
        hosts.map(({ host_id: hostId, last_seen_at: seenAt, revoked_at: revokedAt }) => ({
          hostId,
          lastSeenUs: seenAt === null ? 0 : seenAt.getTime() * 1000,
          revoked: revokedAt !== null,
        })),
      );
      for (const host of hosts) if (host.revoked_at) byHost.get(host.host_id)?.close('revoked');
    },
  });
  const aliveTimer = setInterval(() => {
    for (const session of sessions) session.checkAlive();
  }, options.checkAliveMs ?? 5_000).unref();

  return {
    upgrade(request, socket, head) {
      const fault = upgradeFault(request, agentProtocol);
      if (fault) return refuseUpgrade(socket, fault);
      const address = request.socket.remoteAddress ?? '';
      if (stopping)
        return refuseUpgrade(socket, { status: 503, retryAfterSeconds: 2, text: closeReasons['shutting-down'].text });
      const admitted = admission.admit(address);
      if (!admitted.admitted) {
        return refuseUpgrade(socket, { status: 503, text: closeReasons.overloaded.text, ...admitted });
      }
      // A client that goes away during the handshake never becomes a session.
      socket.once('close', admitted.release);
      server.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, address, admitted.release));
    },
    counters: () => ({
      connected: byHost.size,
      unknown: admission.unknown,
      paused: [...byHost.values()].filter((session) => session.paused).length,
      admittedTotal: admission.admittedCount,
      refusedTotal: admission.refusedCount,
      heldBytes: held.bytes,
      ...Object.fromEntries([...ends].map(([reason, count]) => [`closed_${reason.replaceAll('-', '_')}_total`, count])),
    }),
    async [Symbol.asyncDispose]() {
      stopping = true;
      clearInterval(aliveTimer);
      await directory[Symbol.asyncDispose]();
      await control.farewell();
      await closeAll([...sessions]);
      await lastSeen[Symbol.asyncDispose]();
    },
  };
}

async function closeAll(sessions: Session[]): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, stopTimeoutMs);
  const closing = sessions.map((session) => {
    session.close('shutting-down');
    return session.disconnected;
  });
  await Promise.race([Promise.all(closing), late]);
  clearTimeout(timer);
  for (const session of sessions) session.terminate();
}
