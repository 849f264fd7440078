// What the collector says of the owner's key and the roster.
import type { TrustState } from '@foretop/proto/api';
import { request } from '../api/client.ts';

export const readTrust = (signal?: AbortSignal): Promise<TrustState> => request('/trust', signal ? { signal } : {});
