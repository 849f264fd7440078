// What the suites of detection share: ingest and detection on a store of their own, and hosts that are scanned.
import type { ScanEvidence } from '@foretop/proto';
import { pino } from 'pino';
import { type Detection, type DetectionOptions, openDetection } from '../src/detect/detection.ts';
import { createIngest } from '../src/ingest/ingest.ts';
import type { Store } from '../src/store/database.ts';
import { bootUs, sealBatch, type TestHost, testHost } from './batches.ts';
import { testRetention } from './databases.ts';
import { insertHost } from './server.ts';
import { scanCounter } from './test-detectors.ts';

export const noEnrichment = { place: () => ({}), registrableDomain: () => undefined, listed: () => undefined };

export interface Watching extends AsyncDisposable {
  detection: Detection;
  /** Stores batches and waits until they were looked at and findings are stored. */
  submit(...batches: ReturnType<typeof sealBatch>[]): Promise<void>;
}

export async function watching(
  store: Store,
  quarantineDir: string,
  options: Partial<DetectionOptions> = {},
): Promise<Watching> {
  await using resources = new AsyncDisposableStack();
  const log = pino({ level: 'silent' });
  const detection = resources.use(
    await openDetection({
      ...{ store, detectors: [scanCounter], enrichment: noEnrichment, presence: () => [], log },
      ...options,
    }),
  );
  const { pool, hashKey } = store;
  const { onCommitted } = detection;
  const ingest = resources.use(
    createIngest({ pool, hashKey, quarantineDir, retention: testRetention, log, onCommitted }),
  );
  const running = resources.move();
  return {
    detection,
    async submit(...batches) {
      await Promise.all(batches.map((batch) => ingest.submit(batch)));
      await detection.settled();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export async function enrolledHost(store: Store, name: string, labels: string[] = []): Promise<TestHost> {
  return testHost(await insertHost(store, { name, labels }));
}

/** One batch in which the source probes so many ports, a millisecond after the batch before it. */
export function scanned(host: TestHost, sequence: number, source: string, ports: number, agoMs = 0) {
  const endUs = bootUs(host) + (sequence - agoMs) * 1_000;
  const sourceAddress = Uint8Array.from(source.split('.').map(Number));
  const scans = Array.from({ length: ports }, (_, index): ScanEvidence => ({
    ...{ startUs: endUs - 1_000, endUs, kind: 1, sourceAddress, localAddress: Uint8Array.of(10, 0, 0, 1) },
    ...{ localPort: 1_000 + index, ports: 1, packets: 1 },
  }));
  return sealBatch(host, sequence, { scans });
}
