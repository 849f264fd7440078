// Packs recorded rows into batch bodies with a string table, a new body when one is full, each with its own checkpoint step.
import {
  encodeBatchBody,
  limits,
  type BatchBody,
  type ConnectionSegment,
  type DnsExchange,
  type MetricChunk,
  type ProcessMinute,
  ScanKind,
} from '@foretop/proto';
import type { TrackedCard } from '../collect/clear-text.ts';
import type { ProcessIdentity } from '../collect/tick.ts';
import { encodeCheckpointStep, type CheckpointEntry } from './checkpoint.ts';
import type { DnsRow } from './dns-records.ts';
import type { RecordedGap } from './gap-ledger.ts';
import type { ScanRow } from './scan-records.ts';
import type { SegmentRow } from './segments.ts';

export interface RecordedRows {
  gaps: RecordedGap[];
  processes: ProcessIdentity[];
  segments: SegmentRow[];
  processMinutes: ProcessMinute[];
  metrics: MetricChunk[];
  dnsExchanges: DnsRow[];
  scans: ScanRow[];
  cards?: TrackedCard[];
}

/** A body ready to be sealed. */
export interface RecordedBatch {
  bootId: Uint8Array;
  /** BatchBody, encoded. */
  body: Uint8Array;
  rows: number;
  /** The span of boottime that is not known when this batch is lost. */
  startUs: number;
  endUs: number;
  /** To be stored together with the batch: see checkpoint.ts. */
  checkpoint: Uint8Array;
}

/** As record.proto has it. */
export const dnsAddressesMax = 64;
export const dnsNamesMax = 16;

/** Most bytes that a row takes besides its texts and series; only to seal in time. */
const rowBytes = 150;

interface Draft {
  body: { [Field in Exclude<keyof BatchBody, '$unknowns'>]-?: NonNullable<BatchBody[Field]> };
  texts: Map<string, number>;
  bytes: number;
  rows: number;
  startUs: number;
  entries: CheckpointEntry[];
  ended: string[];
}

export function buildBatches(
  rows: RecordedRows,
  options: { bootId: Uint8Array; nowUs: number; sealBytes?: number },
): RecordedBatch[] {
  const { bootId, nowUs, sealBytes = limits.batchSealBytes } = options;
  const batches: RecordedBatch[] = [];
  let draft = emptyDraft(bootId, nowUs);

  const room = (bytes: number, startUs: number): Draft => {
    if (draft.rows > 0 && (draft.bytes + bytes > sealBytes || draft.rows >= limits.batchRows)) {
      batches.push(finish(draft, nowUs));
      draft = emptyDraft(bootId, nowUs);
    }
    draft.bytes += bytes;
    draft.rows++;
    draft.startUs = Math.min(draft.startUs, startUs);
    return draft;
  };

  for (const gap of rows.gaps) room(rowBytes + gap.detail.length * 3, gap.startUs).body.gaps.push(gap);
  for (const process of rows.processes) room(processBytes(process), nowUs).body.processes.push(process);
  for (const row of rows.segments) addSegment(room(rowBytes, row.startUs), row);
  for (const row of rows.dnsExchanges) addExchange(room(dnsBytes(row), row.exchange.askedUs), row);
  for (const scan of rows.scans) {
    const { scans, halfOpen } = room(rowBytes, scan.startUs).body;
    (scan.kind === ScanKind.SCAN_KIND_HALF_OPEN ? halfOpen : scans).push(scan);
  }
  for (const card of rows.cards ?? []) addCard(room(rowBytes, card.firstUs), card);
  for (const minute of rows.processMinutes) room(rowBytes, minute.startUs ?? nowUs).body.processMinutes.push(minute);
  for (const chunk of rows.metrics) room(chunkBytes(chunk), chunk.startUs ?? nowUs).body.metrics.push(chunk);
  if (draft.rows > 0) batches.push(finish(draft, nowUs));
  return batches;
}

/** Bytes of a process on the wire at most: UTF-16 units take up to three bytes each. */
export function processBytes(identity: ProcessIdentity): number {
  const { comm, executable, commandLine, user, cgroup, unit, containerRuntime, containerId } = identity;
  const texts = [comm, executable, commandLine, user, cgroup, unit, containerRuntime, containerId];
  return rowBytes + texts.reduce((bytes, text) => bytes + 3 * text.length, 0);
}

function chunkBytes({ subject, series }: MetricChunk): number {
  const values = series?.reduce((sum, { values }) => sum + 8 + (values?.length ?? 0), 0) ?? 0;
  return rowBytes + (subject?.length ?? 0) * 3 + values;
}

function emptyDraft(bootId: Uint8Array, nowUs: number): Draft {
  const rows = { processes: [], segments: [], metrics: [], processMinutes: [], gaps: [], dnsExchanges: [], scans: [] };
  const body = { bootId, strings: [''], ...rows, cards: [], halfOpen: [] };
  return { body, texts: new Map([['', 0]]), bytes: 0, rows: 0, startUs: nowUs, entries: [], ended: [] };
}

function addSegment(draft: Draft, row: SegmentRow): void {
  const { comm, name = '', alpn = '' } = row.connection;
  const texts = { comm: textIndex(draft, comm), name: textIndex(draft, name), alpn: textIndex(draft, alpn) };
  draft.body.segments.push(toSegment(row, texts));
  if (row.entry) draft.entries.push(row.entry);
  if (row.ended) draft.ended.push(...row.ended);
}

function textIndex(draft: Draft, text: string): number {
  const known = draft.texts.get(text);
  if (known !== undefined) return known;
  const index = draft.body.strings.push(text) - 1;
  draft.texts.set(text, index);
  draft.bytes += text.length * 3 + 2;
  return index;
}

function addExchange(draft: Draft, { exchange, pid, pidStartTicks, comm, count }: DnsRow): void {
  const { askedUs, answered, latencyUs, transport, kind, role, peerAddress, peerPort, type, rcode } = exchange;
  const { truncated, addresses, queryBytes, answerBytes, cookie } = exchange;
  const row: DnsExchange = {
    ...{ askedUs, answered, latencyUs, pid, pidStartTicks, transport, kind, role, peerAddress, peerPort, type, rcode },
    ...{ truncated, queryBytes, answerBytes, cookie, count },
    comm: textIndex(draft, comm),
    name: textIndex(draft, exchange.name),
    addresses: addresses.slice(0, dnsAddressesMax),
    canonicalNames: exchange.canonicalNames.slice(0, dnsNamesMax).map((name) => textIndex(draft, name)),
  };
  draft.body.dnsExchanges.push(row);
}

function addCard(draft: Draft, { masked, issuer, score, comm, firstUs, lastUs, ...card }: TrackedCard): void {
  draft.body.cards.push({
    ...card,
    startUs: firstUs,
    endUs: lastUs,
    comm: textIndex(draft, comm),
    masked: textIndex(draft, masked),
    issuer: textIndex(draft, issuer),
    scorePermille: Math.round(score * 1_000),
  });
}

function dnsBytes({ exchange }: DnsRow): number {
  return rowBytes + 18 * exchange.addresses.length;
}

function toSegment(row: SegmentRow, texts: { comm: number; name: number; alpn: number }): ConnectionSegment {
  const { cookie, pid, pidStartTicks, protocol, state, direction, uid, nameSource, ownerRule } = row.connection;
  const { localAddress, localPort, remoteAddress, remotePort } = row.connection;
  const { startedUs, startedBefore, startUs, endUs, closed, connectionCount } = row;
  const { rxBytes, txBytes, rxPackets, txPackets, rttUs, retransmissions } = row;
  return {
    ...{
      cookie,
      startedUs,
      startedBefore,
      startUs,
      endUs,
      closed,
      pid,
      pidStartTicks,
      protocol,
      state,
      direction,
    },
    ...{ localAddress, localPort, remoteAddress, remotePort, uid, connectionCount },
    ...{ rxBytes, txBytes, rxPackets, txPackets, rttUs, retransmissions },
    ...{ ...texts, nameSource, ownerRule },
  };
}

function finish(draft: Draft, nowUs: number): RecordedBatch {
  const { body, entries, ended, rows, startUs } = draft;
  const checkpoint = encodeCheckpointStep({ bootId: body.bootId, aliveUs: nowUs, full: false, entries, ended });
  return { bootId: body.bootId, body: encodeBatchBody(body), rows, startUs, endUs: nowUs, checkpoint };
}
