// What becomes of a run on a host, in words; times and shares as tools show them.
import type { ToolRun, ToolRunHost } from '@foretop/proto/api';
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

/** A capture that was stopped did what it was for. */
export const isDone = (tool: ToolRun['tool'], { outcome }: Pick<ToolRunHost, 'outcome'>): boolean =>
  outcome === 'completed' || (tool === 'capture' && outcome === 'cancelled');

export const time = (us: number | null | undefined): string => asText(roundTrip(us));

export const loss = (lossPercent: number | null): string => (lossPercent === 0 ? '0' : percent(lossPercent));

export const ofKind = <Kind extends ToolEvent['kind']>(
  events: readonly ToolEvent[] | undefined,
  kind: Kind,
): (ToolEvent & { kind: Kind })[] =>
  (events ?? []).filter((event) => event.kind === kind) as (ToolEvent & { kind: Kind })[];

/** What a run is aimed at: its target, or which packets it captures where. */
export function aimOf(run: ToolRun): string {
  if (run.tool !== 'capture') return visible(run.target);
  const { filter, interface: name } = run.parameters;
  return visible(`${filter || 'everything'}${name ? ` on ${name}` : ''}`);
}
