// Reads where traffic went: again and again while the present is shown, once for a span of the past.
import type { TrafficMap } from '@foretop/proto/api';
import { ApiError, request } from '../api/client.ts';
import { messageOf, session } from '../api/session.svelte.ts';

const everyMs = 30_000;

export interface TrafficQuestion {
  /** The collector is asked for the span anew each time, since the present moves. */
  span(): { from: string; to: string };
  /** Digits; empty: all hosts. */
  host: string;
  moving: boolean;
}

export class TrafficReader {
  data = $state.raw<TrafficMap | undefined>();
  failure = $state('');
  /** What is shown answers an earlier question. */
  asking = $state(false);
  #stop: AbortController | undefined;

  ask(question: TrafficQuestion): void {
    this.stop();
    this.#stop = new AbortController();
    this.asking = true;
    void this.#follow(question, this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
  }

  async #follow(question: TrafficQuestion, signal: AbortSignal): Promise<void> {
    for (let first = true; !signal.aborted && (first || question.moving); first = false) {
      if (first || document.visibilityState === 'visible') await this.#read(question, signal);
      if (question.moving) await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  async #read({ span, host }: TrafficQuestion, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ ...span(), ...(host === '' ? {} : { host }) });
    try {
      this.data = await request<TrafficMap>(`/traffic-map?${query.toString()}`, { signal });
      this.failure = '';
      this.asking = false;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.code === 'signed-out') session.ended(error.message);
      else this.failure = messageOf(error);
    }
  }
}
