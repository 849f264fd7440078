// What a lamp can say of a host, now or in the past.
import type { HostStatusName } from '@foretop/proto/api';
import { statusWords } from '../live/status.ts';

/** In the past a host is on record, or its record has a gap there. */
export type LampName = HostStatusName | 'record' | 'gap';

export const lampWords: Record<LampName, string> = { ...statusWords, record: 'On record', gap: 'Gap' };
