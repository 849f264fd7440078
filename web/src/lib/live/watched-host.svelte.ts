// The host that a page shows in full: bandwidth of the last half minute and its tables, as frames come in.
import type { HostStatusName } from '@foretop/proto/api';
import type { HostLive } from '@foretop/proto/live';
import { createSeriesRing } from '../time/series-ring.ts';
import { createHostTables } from './host-tables.ts';

/** 30 s at 10 Hz, the minute of history before it, and some slack for frames that come faster. */
const sampleCapacity = 512;
const statusNames: readonly (HostStatusName | undefined)[] = [undefined, 'live', 'stale', 'offline', 'revoked'];

export class WatchedHost {
  readonly hostId: number;
  status = $state<HostStatusName | undefined>();
  /** Versions count up when their data changed; the data themselves are plain and read through them. */
  bandwidthVersion = $state(0);
  connectionsVersion = $state(0);
  processesVersion = $state(0);
  interfacesVersion = $state(0);
  readonly series = createSeriesRing(sampleCapacity);
  readonly #tables = createHostTables();
  readonly #stepMs: number;

  constructor(hostId: number, rateHz: number) {
    this.hostId = hostId;
    this.#stepMs = 1000 / rateHz;
  }

  get tables() {
    return this.#tables;
  }

  apply(update: HostLive): void {
    this.status = statusNames[update.status ?? 0] ?? this.status;
    for (const sample of update.history ?? []) {
      this.series.push({
        timeMs: (sample.timeUs ?? 0) / 1000,
        rxRate: sample.rxRate ?? 0,
        txRate: sample.txRate ?? 0,
        stepMs: 1000,
      });
    }
    const frame = update.frame;
    if (frame?.bandwidth) {
      this.series.push({
        timeMs: (update.timeUs ?? 0) / 1000,
        rxRate: frame.bandwidth.rxRate ?? 0,
        txRate: frame.bandwidth.txRate ?? 0,
        stepMs: this.#stepMs,
      });
    }
    this.bandwidthVersion++;
    if (!frame) return;
    const changed = this.#tables.apply(frame);
    if (changed.connections) this.connectionsVersion++;
    if (changed.processes) this.processesVersion++;
    if (changed.interfaces) this.interfacesVersion++;
  }
}
