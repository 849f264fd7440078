// How many findings there are, by state, severity and host, for the rail, the tiles of Fleet and the page: one reading for all of them.
import type { FindingSummary, SeverityCounts } from '@foretop/proto/api';
import { request } from '../api/client.ts';

const everyMs = 5_000;

class OpenFindings {
  summary = $state.raw<FindingSummary | undefined>();
  byHost = $state.raw<ReadonlyMap<number, SeverityCounts>>(new Map());
  #watchers = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** While at least one watches, they are read. @returns what ends it. */
  watch(): () => void {
    if (this.#watchers++ === 0) {
      void this.read();
      this.#timer = setInterval(() => document.visibilityState === 'visible' && void this.read(), everyMs);
    }
    return () => {
      if (--this.#watchers === 0) clearInterval(this.#timer);
    };
  }

  /** A failure keeps what was known; the page of findings says what is wrong. */
  async read(): Promise<void> {
    const summary = await request<FindingSummary>('/findings/summary').catch(() => undefined);
    if (!summary) return;
    this.summary = summary;
    this.byHost = new Map(summary.hosts.map((host) => [host.hostId, host.new]));
  }
}

export const openFindings = new OpenFindings();
