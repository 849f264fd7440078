// Reads the fleet as of a time: once for each time, and again when hosts are added or renamed.
import type { FleetRecord } from '@foretop/proto/api';
import { ApiError, request } from '#lib/api/client.ts';
import { session } from '#lib/api/session.svelte.ts';
import type { FleetHost } from '#lib/live/fleet.svelte.ts';
import { viewParameters, type View } from '#lib/time/view.ts';
import { recordedHosts } from './fleet-record.ts';
import type { ShownHost } from './fleet-view.ts';

export class RecordedFleet {
  hosts = $state.raw<ReadonlyMap<number, ShownHost> | undefined>();
  /** Counts up with every answer. */
  version = $state(0);
  record = $state.raw<FleetRecord | undefined>();
  failure = $state<string | undefined>();
  #stop: AbortController | undefined;

  /** Shows that time; what was shown before stays until the answer is there. */
  async read(view: View, directory: ReadonlyMap<number, FleetHost>): Promise<void> {
    this.stop();
    const stop = (this.#stop = new AbortController());
    this.failure = undefined;
    const given = Object.entries(viewParameters(view)).filter(([, value]) => value !== '');
    try {
      const record = await request<FleetRecord>(`/fleet?${new URLSearchParams(given).toString()}`, {
        signal: stop.signal,
      });
      const spanMs = view.kind === 'span' ? view.toMs - view.fromMs : record.bucketSeconds * 1000;
      this.record = record;
      this.hosts = recordedHosts(record, spanMs, directory);
      this.version++;
    } catch (error) {
      if (stop.signal.aborted) return;
      if (error instanceof ApiError && error.code === 'signed-out') session.ended(error.message);
      else this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  stop(): void {
    this.#stop?.abort();
  }
}
