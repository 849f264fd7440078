// What would happen if a connection were cut: the offer, and a hold on the one socket that is meant.
import { type CollectorFrame, formatAddress, unmapAddress } from '@foretop/proto';
import type { OfferPreview } from '@foretop/proto/trust';
import { messageOf } from '../host/host-error.ts';
import type { ConnectionEnds, HeldConnection, ProcessEvidence } from '../host/targets.ts';
import { offeredProcess, textOf } from './describe-process.ts';
import { type Draft, type OfferContext, remoteText } from './draft.ts';
import { Refusal } from './refusal.ts';

export type CloseRequest = NonNullable<NonNullable<CollectorFrame['offerRequest']>['closeConnection']>;

const tcp = 6;
const commandLineLength = 2_048;
const nameLength = 255;

/** Throws Refusal, with nothing held. */
export async function draftClosing(request: CloseRequest, context: OfferContext): Promise<Draft> {
  const ends = endsOf(request);
  const connection = findOne(ends, context);
  try {
    const owner = await ownerOf(connection, context);
    const [local, remote] = [endOf(ends.localAddress, ends.localPort), endOf(ends.remoteAddress, ends.remotePort)];
    return {
      action: {
        kind: 'close-connection',
        protocol: 'tcp',
        local,
        remote,
        cookie: String(connection.cookie),
        process: owner ? offeredProcess(owner, context.host, context.tellsCommandLines ? commandLineLength : 0) : null,
      },
      preview: previewOf(owner, remote, context),
      target: { kind: 'close-connection', connection },
    };
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

function endsOf(request: CloseRequest): ConnectionEnds {
  if (request.protocol !== tcp) throw new Refusal('not-supported', 'Only TCP connections can be closed.');
  const address = (bytes: Uint8Array | null | undefined) => unmapAddress(new Uint8Array(bytes ?? []));
  const [localAddress, remoteAddress] = [address(request.localAddress), address(request.remoteAddress)];
  const [localPort, remotePort, cookie] = [request.localPort ?? 0, request.remotePort ?? 0, request.cookie ?? 0];
  const isWhole =
    localAddress.length === remoteAddress.length &&
    (localAddress.length === 4 || localAddress.length === 16) &&
    [localPort, remotePort].every((port) => Number.isInteger(port) && port > 0 && port <= 65_535) &&
    Number.isSafeInteger(cookie);
  if (!isWhole) throw new Refusal('malformed', 'Both ends of the connection are required.');
  return { localAddress, localPort, remoteAddress, remotePort, cookie };
}

function findOne(ends: ConnectionEnds, { host }: OfferContext): HeldConnection {
  let found: HeldConnection[];
  try {
    found = host.findConnections(ends);
  } catch (error) {
    throw new Refusal('not-supported', `${messageOf(error)}.`, { cause: error });
  }
  const [only, ...others] = found;
  if (only && others.length === 0) return only;
  for (const connection of found) connection[Symbol.dispose]();
  if (!only) throw new Refusal('no-such-connection');
  throw new Refusal('malformed', 'Several namespaces have a connection with these ends; name it by its cookie too.');
}

/** undefined when nobody has it open, or nobody that can be seen. */
async function ownerOf(connection: HeldConnection, { host, own }: OfferContext): Promise<ProcessEvidence | undefined> {
  const pid = connection.inode === 0 ? undefined : host.ownerOf(connection.inode);
  if (pid === undefined) return undefined;
  if (own.has(pid)) throw new Refusal('protected', 'It is the agent’s own.');
  try {
    using held = await host.hold(pid);
    return held?.evidence;
  } catch {
    return undefined; // The socket is known by its cookie; whose it is, is for the person who reads.
  }
}

function previewOf(
  owner: ProcessEvidence | undefined,
  remote: { address: string; port: number },
  { nameOf }: OfferContext,
): OfferPreview {
  const name = textOf(nameOf({ pid: owner?.pid ?? 0, ...remote }), nameLength);
  return {
    parent: null,
    unit: textOf(owner?.unit ?? '', nameLength),
    container: owner && owner.containerId !== '' ? `${owner.containerRuntime} ${owner.containerId}` : '',
    children: [],
    childCount: 0,
    connections: [{ protocol: 'tcp', remote: remoteText(remote.address, remote.port), name }],
    connectionCount: 1,
    restartedBy: '',
    restartChecked: ['nothing: a program may connect again by itself'],
  };
}

const endOf = (address: Uint8Array, port: number) => ({ address: formatAddress(address), port });
