// From which hosts one may look, and why not from the others; read anew when the page opens.
import type { ToolHost, ToolHostList } from '@foretop/proto/api';
import type { Capability } from '@foretop/proto/trust';
import { request } from '../api/client.ts';
import { messageOf } from '../api/session.svelte.ts';
import { live } from '../live/live.svelte.ts';

export const mostHosts = 32;

export interface Candidate {
  id: number;
  name: string;
  labels: readonly string[];
  isLive: boolean;
  /** As its own file says; null = not known. */
  allowed: readonly Capability[] | null;
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

  /** By name; those that are not revoked. `capability`: what is to be done there. */
  candidates(capability: Capability): Candidate[] {
    void live.fleet.version;
    const named = new Intl.Collator('en', { numeric: true });
    return [...live.fleet.hosts.values()]
      .filter(({ status }) => status !== 'revoked')
      .map(({ key, name, status, host }) => {
        const isLive = status === 'live';
        const told = this.#told?.get(key);
        const allowed = told?.allowed ?? null;
        // What is told is of probes; whether a key may capture there, its signature shows.
        const isOfProbes = capability === 'probe' || allowed === null;
        const why = isOfProbes ? (told?.why ?? '') : allowed.includes(capability) ? '' : forbidden(capability);
        return { id: key, name, labels: host.labels, isLive, allowed, why: isLive ? why : 'It is not live.' };
      })
      .sort((a, b) => named.compare(a.name, b.name));
  }
}

const forbidden = (capability: Capability): string =>
  capability === 'capture-payload'
    ? 'Its ceiling file does not allow captures of payload.'
    : 'Its ceiling file does not allow captures.';
