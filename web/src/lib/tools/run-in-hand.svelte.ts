// One run from the question to the end, or one of before that is looked at again: its state, and what each host said.
import type { ToolRun, ToolRunAsked, ToolRunEvent, ToolRunSigned } from '@foretop/proto/api';
import type { ToolEvent, ToolRequest } from '@foretop/proto/tools';
import { ApiError, request } from '../api/client.ts';
import { messageOf, session } from '../api/session.svelte.ts';
import { followRun } from './run-stream.ts';
import { signOffers } from './sign-run.ts';

export type Stage = 'nothing' | 'asking' | 'signing' | 'following' | 'ended' | 'failed';

export class RunInHand {
  stage = $state<Stage>('nothing');
  /** What keeps it from going on. */
  failure = $state('');
  cutOff = $state('');
  run = $state.raw<ToolRun | undefined>();
  /** By request id, why a host's offer was not signed or sent. */
  faults = $state.raw<ReadonlyMap<string, string>>(new Map());
  /** By host, in the order of the run. */
  said = $state.raw<ReadonlyMap<number, readonly ToolEvent[]>>(new Map());
  #stop = new AbortController();

  /** Asks the hosts, signs what they offer, and follows it. Resolves when it is sent, or came to nothing. */
  async start(wanted: ToolRequest, hosts: readonly number[], onasked: (run: ToolRun) => void): Promise<void> {
    const signal = this.#anew('asking');
    try {
      const asked = await request<ToolRunAsked>('/tool-runs', { method: 'POST', body: { ...wanted, hosts }, signal });
      this.run = asked.run;
      onasked(asked.run);
      if (asked.offers.length === 0) return void (this.stage = 'ended');
      this.stage = 'signing';
      const { signatures, faults } = await signOffers(wanted, asked.offers, signal);
      this.faults = faults;
      if (signatures.length > 0) {
        const body = { signatures };
        const path = `/tool-runs/${asked.run.id}/sign`;
        const signed = await request<ToolRunSigned>(path, { method: 'POST', body, signal });
        this.run = signed.run;
        this.faults = new Map([
          ...faults,
          ...signed.faults.map(({ requestId, detail }) => [requestId, detail] as const),
        ]);
      } else await this.cancel();
      void this.#follow(asked.run.id, signal);
    } catch (error) {
      this.#failed(error, signal);
    }
  }

  /** One of before, or one that still runs. */
  async open(runId: string): Promise<void> {
    const signal = this.#anew('asking');
    try {
      this.run = await request<ToolRun>(`/tool-runs/${encodeURIComponent(runId)}`, { signal });
      void this.#follow(runId, signal);
    } catch (error) {
      this.#failed(error, signal);
    }
  }

  async cancel(): Promise<void> {
    if (!this.run) return;
    try {
      await request(`/tool-runs/${this.run.id}`, { method: 'DELETE' });
    } catch (error) {
      this.failure = messageOf(error);
    }
  }

  /** Nothing is followed any more; what runs on hosts goes on. */
  close(): void {
    this.#stop.abort();
  }

  /** Back to the empty page. */
  clear(): void {
    this.#anew('nothing');
  }

  #anew(stage: Stage): AbortSignal {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.stage = stage;
    this.failure = this.cutOff = '';
    this.run = undefined;
    this.faults = new Map();
    this.said = new Map();
    return this.#stop.signal;
  }

  async #follow(runId: string, signal: AbortSignal): Promise<void> {
    this.stage = 'following';
    try {
      const news = {
        said: (events: ToolRunEvent[]) => this.#enter(events),
        run: (run: ToolRun) => (this.run = run),
        cutOff: (message: string) => (this.cutOff = message),
      };
      await followRun(runId, news, signal);
      if (!signal.aborted) this.stage = 'ended';
    } catch (error) {
      this.#failed(error, signal);
    }
  }

  #enter(events: readonly ToolRunEvent[]): void {
    const said = new Map(this.said);
    for (const [hostId, more] of Map.groupBy(events, (one) => one.hostId))
      said.set(hostId, [...(said.get(hostId) ?? []), ...more.map(({ event }) => event)]);
    this.said = said;
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (error instanceof ApiError && error.code === 'signed-out') return session.ended(error.message);
    this.failure = messageOf(error);
    this.stage = 'failed';
  }
}
