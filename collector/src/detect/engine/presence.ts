// Notices which agents connect and which fall silent, and says so as observations.
import { type FleetTick, HostStatus } from '@foretop/proto/live';
import type { AgentObservation } from '../observation.ts';

export interface HostPresence {
  hostId: number;
  /** Something was heard within the last minute. */
  heard: boolean;
  /** Unix microseconds; 0 = never. */
  lastHeardUs: number;
  revoked: boolean;
}

/** Every host, as the ticks of the live side tell it. */
export class FleetPresence {
  readonly #hosts = new Map<number, HostPresence>();

  apply({ hostId, status, lastSeenUs }: FleetTick): void {
    for (const [index, id] of (hostId ?? []).entries()) {
      const revoked = status?.[index] === HostStatus.HOST_STATUS_REVOKED;
      const heard = !revoked && status?.[index] !== HostStatus.HOST_STATUS_OFFLINE;
      this.#hosts.set(id, { hostId: id, heard, lastHeardUs: lastSeenUs?.[index] ?? 0, revoked });
    }
  }

  hosts(): Iterable<HostPresence> {
    return this.#hosts.values();
  }
}

/** A silent host is told of again after so long, as long as it stays silent. */
const repeatUs = 60_000_000;

interface Known {
  heard: boolean;
  toldUs: number;
}

/**
 * `look` is called every few seconds with every host. Nobody is silent for longer than there was somebody to hear it:
 * `startedUs` is when the collector began to listen.
 */
export function createPresence(startedUs: number): {
  look(hosts: Iterable<HostPresence>, nowUs: number): AgentObservation[];
} {
  const known = new Map<number, Known>();
  return {
    look(hosts, nowUs) {
      const told: AgentObservation[] = [];
      const present = new Set<number>();
      for (const { hostId, heard, lastHeardUs, revoked } of hosts) {
        if (revoked) continue;
        present.add(hostId);
        const before = known.get(hostId);
        const due = !heard && lastHeardUs > 0 && nowUs - (before?.toldUs ?? -Infinity) >= repeatUs;
        const changed = before?.heard !== heard && (heard || lastHeardUs > 0);
        if (changed || due) {
          const seconds = heard ? 0 : Math.max(0, (nowUs - Math.max(lastHeardUs, startedUs)) / 1e6);
          const event = heard ? 'connected' : 'silent';
          told.push({ kind: 'agent', host: String(hostId), atUs: nowUs, late: false, event, reason: '', seconds });
        }
        known.set(hostId, { heard, toldUs: changed || due ? nowUs : (before?.toldUs ?? -Infinity) });
      }
      for (const hostId of known.keys()) if (!present.has(hostId)) known.delete(hostId);
      return told;
    },
  };
}
