// What a result shows: each host of the run with all that it said, and what differs.
import type { ToolRun, ToolRunHost } from '@foretop/proto/api';
import type { ToolEvent } from '@foretop/proto/tools';
import { differences } from '@foretop/proto/tools';
import { visible } from '../format/visible.ts';

export interface HostResult {
  part: ToolRunHost;
  name: string;
  events: readonly ToolEvent[];
  /** In words; empty = it sees what the others see. */
  odd: readonly string[];
}

/** Of the hosts that it was sent to. */
export function hostResults(run: ToolRun, said: ReadonlyMap<number, readonly ToolEvent[]>): HostResult[] {
  const ran = run.hosts.filter(({ signedAt }) => signedAt !== null);
  const odd = differences(new Map(ran.map(({ hostId }) => [hostId, said.get(hostId) ?? []])));
  return ran.map((part) => ({
    part,
    name: visible(part.hostName),
    events: said.get(part.hostId) ?? [],
    odd: (odd.get(part.hostId) ?? []).map(visible),
  }));
}
