// What was last emitted for each open connection, so that an agent that starts again in the same boot counts nothing twice.
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { TrackedConnection } from '../collect/tick.ts';

/** A connection as its last emitted row left it: its counters are what the sum of all emitted deltas has reached. */
export interface CheckpointEntry {
  connection: TrackedConnection;
  /** boottimeUs up to which rows were emitted. */
  endUs: number;
}

/** One step: what a batch changed. Applied in the order in which the batches were spooled. */
export interface CheckpointStep {
  bootId: Uint8Array;
  /** The agent ran at least until then, boottimeUs. */
  aliveUs: number;
  /** A full one replaces everything before it. */
  full: boolean;
  entries: CheckpointEntry[];
  /** Keys of connections that ended. */
  ended: string[];
}

export interface Checkpoint {
  bootId: Uint8Array;
  aliveUs: number;
  entries: Map<string, CheckpointEntry>;
}

/** A step larger than this when unpacked is not read: a damaged or foreign file. 200,000 connections take some 60 MB. */
const stepBytesMax = 128 << 20;

/** One per connection of a boot. A UDP socket may talk to one peer after another, so its peer belongs to the key. */
export function connectionKey(connection: TrackedConnection): string {
  if (connection.protocol === 6) return `6:${connection.cookie}`;
  return `17:${connection.cookie}:${hex(connection.remoteAddress)}:${connection.remotePort}`;
}

type StoredConnection = Omit<
  TrackedConnection,
  'handle' | 'inode' | 'localAddress' | 'remoteAddress' | 'lastSeenUs'
> & {
  local: string;
  remote: string;
  endUs: number;
};

interface StoredStep {
  boot: string;
  aliveUs: number;
  full: boolean;
  entries: StoredConnection[];
  ended: string[];
}

export function encodeCheckpointStep(step: CheckpointStep): Uint8Array {
  const stored: StoredStep = {
    boot: hex(step.bootId),
    aliveUs: step.aliveUs,
    full: step.full,
    entries: step.entries.map(toStored),
    ended: step.ended,
  };
  const text = Buffer.from(JSON.stringify(stored));
  // So that the tables of the compressor fit what is mostly a few hundred bytes.
  return zstdCompressSync(text, { pledgedSrcSize: text.length });
}

/** Throws when the bytes are not a step; since the spool is checksummed, that is another version's file. */
export function decodeCheckpointStep(bytes: Uint8Array): CheckpointStep {
  const text = zstdDecompressSync(bytes, { maxOutputLength: stepBytesMax }).toString();
  const stored = JSON.parse(text) as StoredStep;
  return {
    bootId: Buffer.from(stored.boot, 'hex'),
    aliveUs: stored.aliveUs,
    full: stored.full,
    entries: stored.entries.map(fromStored),
    ended: stored.ended,
  };
}

/** The checkpoint after one more step. A step of another boot starts afresh: cookies mean nothing across boots. */
export function applyCheckpointStep(checkpoint: Checkpoint | undefined, step: CheckpointStep): Checkpoint {
  const goesOn = checkpoint !== undefined && !step.full && Buffer.compare(checkpoint.bootId, step.bootId) === 0;
  const entries = goesOn ? checkpoint.entries : new Map<string, CheckpointEntry>();
  for (const entry of step.entries) entries.set(connectionKey(entry.connection), entry);
  // Last: a connection that was cut at a stall and then closed stands in both.
  for (const key of step.ended) entries.delete(key);
  return { bootId: step.bootId, aliveUs: step.aliveUs, entries };
}

function toStored({ connection: c, endUs }: CheckpointEntry): StoredConnection {
  return {
    cookie: c.cookie,
    protocol: c.protocol,
    state: c.state,
    direction: c.direction,
    local: hex(c.localAddress),
    localPort: c.localPort,
    remote: hex(c.remoteAddress),
    remotePort: c.remotePort,
    uid: c.uid,
    startedUs: c.startedUs,
    startedBefore: c.startedBefore,
    pid: c.pid,
    pidStartTicks: c.pidStartTicks,
    comm: c.comm,
    ownerRule: c.ownerRule,
    name: c.name,
    nameSource: c.nameSource,
    alpn: c.alpn,
    rxBytes: c.rxBytes,
    txBytes: c.txBytes,
    rxPackets: c.rxPackets,
    txPackets: c.txPackets,
    retransmissions: c.retransmissions,
    endUs,
  };
}

function fromStored({ local, remote, endUs, ...rest }: StoredConnection): CheckpointEntry {
  const connection = {
    ...rest,
    handle: 0,
    inode: 0,
    localAddress: Buffer.from(local, 'hex'),
    remoteAddress: Buffer.from(remote, 'hex'),
    lastSeenUs: endUs,
  };
  return { connection, endUs };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
