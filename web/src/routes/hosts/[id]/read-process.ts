// One process of a host by its number: who it is, what started it, now or at an instant.
import type { List, Process, ProcessDetail } from '@foretop/proto/api';
import { request } from '#lib/api/client.ts';

/** undefined: nothing is known of it. `at` is empty for the present. */
export async function readProcessDetail(
  hostId: number,
  pid: number,
  at: string,
  signal: AbortSignal,
): Promise<ProcessDetail | undefined> {
  const query = new URLSearchParams({ process: String(pid), ...(at ? { at } : {}) });
  const { items } = await request<List<Process>>(`/hosts/${hostId}/processes?${query.toString()}`, { signal });
  const found = items.find((process) => process.pid === pid);
  return found && request<ProcessDetail>(`/processes/${found.id}`, { signal });
}
