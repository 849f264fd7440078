// From which hosts one may look, and why not from the others; read anew when the page opens.
import type { ToolHost, ToolHostList } from '@foretop/proto/api';
import { request } from '../api/client.ts';
import { messageOf } from '../api/session.svelte.ts';
import { live } from '../live/live.svelte.ts';

export const mostHosts = 32;

export interface Candidate {
  id: number;
  name: string;
  labels: readonly string[];
  isLive: boolean;
  /** Empty: one can look from it. */
  why: string;
}

export class ToolHosts {
  failure = $state('');
  #told = $state.raw<ReadonlyMap<number, ToolHost> | undefined>();

  async read(): Promise<void> {
    try {
      const { items } = await request<ToolHostList>('/tools/hosts');
      this.#told = new Map(items.map((item) => [item.hostId, item]));
      this.failure = '';
    } catch (error) {
      this.failure = messageOf(error);
    }
  }

  /** By name; those that are not revoked. */
  get candidates(): Candidate[] {
    void live.fleet.version;
    const named = new Intl.Collator('en', { numeric: true });
    return [...live.fleet.hosts.values()]
      .filter(({ status }) => status !== 'revoked')
      .map(({ key, name, status, host }) => {
        const isLive = status === 'live';
        const why = this.#told?.get(key)?.why ?? '';
        return { id: key, name, labels: host.labels, isLive, why: isLive ? why : 'It is not live.' };
      })
      .sort((a, b) => named.compare(a.name, b.name));
  }
}
