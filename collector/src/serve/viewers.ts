// The WebSocket /live: lets browsers in, runs a viewer for each, and closes those whose session ended.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type CloseName, closeReasons, limits } from '@foretop/proto';
import type { FindingsTick } from '@foretop/proto/live';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Tallies } from '../detect/findings/tallies.ts';
import type { LiveHub } from '../live/hub.ts';
import { standingAccess } from '../store/queries/access.ts';
import type { Database } from '../store/schema.ts';
import type { Access, Identity } from './auth/access.ts';
import { hostsInSight, isBound } from './auth/sight.ts';
import { refuse } from './listener.ts';
import { RequestError } from './problem.ts';
import { openViewer, type Sight, type Viewer, type ViewerCounts } from './viewer.ts';

export const liveProtocol = 'foretop.live.v1';
const mostViewers = 256;
const pingMs = 15_000;
const findingsMs = 1_000;
/** How soon a session or token that was revoked elsewhere (the command line) loses its sockets. */
const standingMs = 5_000;

export interface Viewers extends AsyncDisposable {
  /** Host and Origin are checked before. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every socket whose session or token no longer stands, and shows the others what they may see now. */
  checkStanding(): Promise<void>;
  counters(): Record<string, number>;
}

export interface ViewersOptions {
  db: Kysely<Database>;
  access: Access;
  live: LiveHub;
  /** Of findings. */
  tallies: Tallies;
  log: Logger;
  now?: () => number;
}

export function createViewers({ db, access, live, tallies, log, now = Date.now }: ViewersOptions): Viewers {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.viewerFrameBytes,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has(liveProtocol) ? liveProtocol : false),
  });
  const open = new Map<Viewer, Identity>();
  const counts: ViewerCounts & { opened_total: number } = {
    opened_total: 0,
    frames_sent_total: 0,
    frames_skipped_total: 0,
    resyncs_total: 0,
  };
  let stopping = false;

  const accept = (socket: WebSocket, identity: Identity, inSight: Sight) => {
    counts.opened_total += 1;
    const viewer = openViewer(socket, { live, counts, inSight });
    open.set(viewer, identity);
    viewer.findings(findingsTick(tallies, inSight));
    socket.on('close', () => {
      open.delete(viewer);
      viewer[Symbol.dispose]();
    });
    socket.on('error', (error) => log.debug({ event: 'viewer-failed', error: error.message }));
  };

  /** undefined: every host. */
  const sightOf = async (identity: Identity): Promise<Sight> =>
    isBound(identity) ? new Set((await hostsInSight(db, identity)).map((host) => host.hostId)) : undefined;

  const admit = async (request: IncomingMessage): Promise<{ identity: Identity; inSight: Sight }> => {
    if (stopping) throw new RequestError('unavailable', closeReasons['shutting-down'].text);
    if (open.size >= mostViewers)
      throw new RequestError('unavailable', `There are ${mostViewers} viewers already; close one first.`);
    const identity = await access.identify(request);
    return { identity, inSight: await sightOf(identity) };
  };

  const checkStanding = async () => {
    const identities = [...open.values()];
    if (identities.length === 0) return;
    const cookieHashes = identities.flatMap((identity) => ('cookieHash' in identity ? [identity.cookieHash] : []));
    const tokenIds = identities.flatMap((identity) => ('tokenId' in identity ? [identity.tokenId] : []));
    const standing = await standingAccess(db, { cookieHashes, tokenIds }, new Date(now()));
    const good = new Set([
      ...standing.cookieHashes.map((hash) => hash.toString('hex')),
      ...standing.tokenIds.map(String),
    ]);
    const asked = new Set(identities.map(keyOf));
    for (const [viewer, identity] of open)
      if (asked.has(keyOf(identity)) && !good.has(keyOf(identity))) viewer.close('session-ended');
    // Labels of hosts change, and hosts come.
    for (const [viewer, identity] of open) if (isBound(identity)) viewer.see(await sightOf(identity));
  };

  let toldRevision = tallies.revision;
  const tellFindings = async () => {
    if (toldRevision === tallies.revision) return;
    toldRevision = tallies.revision;
    const ofAll = findingsTick(tallies, undefined);
    for (const [viewer, identity] of open)
      viewer.findings(isBound(identity) ? findingsTick(tallies, await sightOf(identity)) : ofAll);
  };
  const telling = setInterval(
    () => void tellFindings().catch((error: Error) => log.warn({ event: 'findings-not-told', error: error.message })),
    findingsMs,
  ).unref();
  const pinging = setInterval(() => open.forEach((_identity, viewer) => viewer.ping()), pingMs).unref();
  const checking = setInterval(
    () => void checkStanding().catch((error: Error) => log.warn({ event: 'sessions-unchecked', error: error.message })),
    standingMs,
  ).unref();

  return {
    upgrade(request, socket, head) {
      admit(request).then(
        ({ identity, inSight }) =>
          server.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, identity, inSight)),
        (error: unknown) => {
          const expected = error instanceof RequestError;
          if (!expected) log.error({ event: 'viewer-refused', err: error });
          refuse(
            socket,
            expected ? error : new RequestError('unavailable', 'The session cannot be checked at the moment.'),
          );
        },
      );
    },
    checkStanding,
    counters: () => ({ open: open.size, ...counts }),
    async [Symbol.asyncDispose]() {
      stopping = true;
      clearInterval(telling);
      clearInterval(pinging);
      clearInterval(checking);
      await Promise.all([...open.keys()].map((viewer) => viewer.closed('shutting-down' satisfies CloseName)));
    },
  };
}

function findingsTick(tallies: Tallies, inSight: Sight): FindingsTick {
  const { low, medium, high, critical } = tallies.states(inSight).new;
  return { revision: tallies.revision, newFindings: [low, medium, high, critical] };
}

const keyOf = (identity: Identity) =>
  'cookieHash' in identity ? identity.cookieHash.toString('hex') : String(identity.tokenId);
