// One host with what its own file allows, as its agent told the collector: shown to people, never what decides.
import type { HostDetail } from '@foretop/proto/api';
import { request } from '../api/client.ts';

export const readHost = (hostId: number, signal?: AbortSignal): Promise<HostDetail> =>
  request(`/hosts/${hostId}`, signal ? { signal } : {});
