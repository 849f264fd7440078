// A thread of its own for captures: opens what is sealed, reads pcapng, decodes packets, and keeps them for a closer look.
import { createOpener, decodePacket, type Opener, type Packet, PcapngReader } from '@foretop/proto/capture';
import { started } from '../ui/start-worker.ts';
import type { PacketAnswer, PacketRequest, PacketRow } from './packet-row.ts';

interface WorkerScope {
  onmessage: ((event: MessageEvent<PacketRequest>) => void) | null;
  postMessage(answer: PacketAnswer | typeof started, transfer: Transferable[]): void;
}

interface Stream {
  hostId: number;
  host: string;
  reader: PcapngReader;
  opener: Promise<Opener> | undefined;
  packets: Packet[];
}

const scope = globalThis as unknown as WorkerScope;
const give = (answer: PacketAnswer): void => scope.postMessage(answer, []);
const streams = new Map<string, Stream>();
/** One after the other: the pieces of a stream depend on each other. */
let work = Promise.resolve();

scope.onmessage = ({ data }) => {
  work = work.then(() => act(data));
};
scope.postMessage(started, []);

async function act(request: PacketRequest): Promise<void> {
  if (request.kind === 'open') {
    const { requestId, hostId, host, key } = request;
    const opener = key ? createOpener(key.privateKey, key.publicKey, requestId) : undefined;
    // Told with the first bytes.
    opener?.catch(() => undefined);
    streams.set(requestId, { hostId, host, reader: new PcapngReader(), opener, packets: [] });
    return;
  }
  const stream = streams.get(request.requestId);
  if (!stream) return give({ kind: 'none', id: request.id });
  if (request.kind === 'bytes') return give({ kind: 'rows', id: request.id, ...(await read(stream, request.bytes)) });
  const packet = stream.packets[request.number - 1];
  if (!packet) return give({ kind: 'none', id: request.id });
  const { bytes, original } = packet;
  give({ kind: 'detail', id: request.id, bytes, original, layers: decodePacket(packet).layers });
}

async function read(stream: Stream, bytes: Uint8Array) {
  const packets: Packet[] = [];
  let fault = '';
  let isComplete = true;
  try {
    const opener = await stream.opener;
    for (const piece of opener ? await opener.push(bytes) : [bytes]) packets.push(...stream.reader.push(piece));
    fault = opener?.fault?.message ?? '';
    isComplete = opener?.isComplete ?? true;
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error);
  }
  const { reader } = stream;
  for (const packet of packets) stream.packets.push(packet);
  return {
    rows: packets.map((packet) => rowOf(stream, packet)),
    isWhole: isComplete && reader.counts.length > 0 && reader.pending === 0,
    dropped: reader.counts.reduce((sum, { dropped }) => sum + dropped, 0),
    fault: fault || (reader.fault?.message ?? ''),
  };
}

function rowOf({ hostId, host }: Stream, packet: Packet): PacketRow {
  const { source, destination, sourcePort, destinationPort, protocol, info } = decodePacket(packet);
  return {
    number: packet.number,
    hostId,
    host,
    interface: packet.interface,
    atMs: Number(packet.atNs / 1_000n) / 1_000,
    source,
    destination,
    sourcePort: sourcePort ?? 0,
    destinationPort: destinationPort ?? 0,
    protocol,
    length: packet.original,
    info,
  };
}
