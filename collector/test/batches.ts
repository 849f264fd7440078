// Builds sealed batches as an agent would, for tests of ingest.
import { randomBytes } from 'node:crypto';
import {
  type BatchBody,
  compressBatch,
  type ConnectionSegment,
  encodeBatchBody,
  Metric,
  type MetricChunk,
  packDeltas,
} from '@foretop/proto';
import type { IncomingBatch } from '../src/ingest/batch.ts';

export interface TestHost {
  hostId: number;
  epoch: Uint8Array;
  bootId: Uint8Array;
  /** Unix time of boot. */
  offsetUs: number;
  /** Unix milliseconds at which the host's clock stands still, so that times that a test reckons twice are one; undefined = it runs. */
  nowMs?: number;
}

/** Booted an hour before the instant at which its clock stands still. */
export function testHost(hostId: number, nowMs = Date.now()): TestHost & { nowMs: number } {
  return { hostId, epoch: randomBytes(8), bootId: randomBytes(16), offsetUs: (nowMs - 3_600_000) * 1000, nowMs };
}

/** Boottime of an instant; of the host's own now unless told. */
export function bootUs(host: TestHost, unixMs = host.nowMs ?? Date.now()): number {
  return unixMs * 1000 - host.offsetUs;
}

export function sealBatch(host: TestHost, sequence: number, body: Partial<BatchBody>): IncomingBatch {
  const bytes = encodeBatchBody({ bootId: host.bootId, strings: ['', 'curl'], ...body });
  return {
    ...host,
    sequence,
    previousSequence: sequence - 1,
    payload: compressBatch(bytes),
    payloadBytes: bytes.length,
    receivedUs: Date.now() * 1000,
  };
}

/** A valid segment: five seconds of an outbound TCP connection, just now. */
export function segmentOf(host: TestHost, cookie: number, changes: Partial<ConnectionSegment> = {}): ConnectionSegment {
  const endUs = bootUs(host);
  return {
    cookie,
    startedUs: endUs - 5_000_000,
    startUs: endUs - 5_000_000,
    endUs,
    closed: false,
    pid: 100,
    pidStartTicks: 5_000,
    comm: 1,
    protocol: 6,
    state: 1,
    direction: 2,
    localAddress: Uint8Array.of(10, 0, 0, 1),
    localPort: 40_000,
    remoteAddress: Uint8Array.of(192, 0, 2, 1),
    remotePort: 443,
    rxBytes: 1_000,
    txBytes: 200,
    uid: 1_000,
    connectionCount: 1,
    ...changes,
  };
}

/** A chunk of received bytes, one sample a second from `startUs` of boottime on. */
export function chunkOf(startUs: number, rxBytes: readonly number[], subject = ''): MetricChunk {
  const series = [{ metric: Metric.METRIC_RX_BYTES, values: packDeltas(rxBytes) }];
  return { subject, startUs, intervalUs: 1_000_000, count: rxBytes.length, series };
}
