// What becomes of a run on a host, in words; times and shares as tools show them.
import type { ToolRunHost } from '@foretop/proto/api';
import type { ToolEvent } from '@foretop/proto/tools';
import { asText, percent, roundTrip } from '../format/figures.ts';
import { visible } from '../format/visible.ts';

export const statusWord: Record<ToolRunHost['status'], string> = {
  offered: 'not signed yet',
  running: 'running',
  ended: 'done',
  refused: 'refused',
  expired: 'not signed',
  lost: 'lost',
};

/** "done", "cancelled", "refused: the host's file does not allow this". */
export function partWords({ status, outcome, detail }: ToolRunHost, fault: string | undefined): string {
  if (fault !== undefined) return `not signed: ${visible(fault)}`;
  const word = status === 'ended' && outcome !== null && outcome !== 'completed' ? outcome : statusWord[status];
  return status === 'ended' && outcome === 'completed' ? word : detail === '' ? word : `${word}: ${visible(detail)}`;
}

export const time = (us: number | null | undefined): string => asText(roundTrip(us));

export const loss = (lossPercent: number | null): string => (lossPercent === 0 ? '0' : percent(lossPercent));

export const ofKind = <Kind extends ToolEvent['kind']>(
  events: readonly ToolEvent[] | undefined,
  kind: Kind,
): (ToolEvent & { kind: Kind })[] =>
  (events ?? []).filter((event) => event.kind === kind) as (ToolEvent & { kind: Kind })[];
