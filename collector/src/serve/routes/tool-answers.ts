// Runs, events and watches as the API writes them.
import type { ToolRun, ToolRunEvent, ToolRunHost, Watch, WatchFigures } from '@foretop/proto/api';
import type { CaptureParameters, ToolEvent, ToolRequest } from '@foretop/proto/tools';
import type { ToolEventRow } from '../../store/queries/tool-events.ts';
import type { ToolRunHostRow, ToolRunRow } from '../../store/queries/tool-runs.ts';
import type { WatchFiguresRow, WatchRow } from '../../store/queries/tool-watches.ts';

export function toolRunAnswer(run: ToolRunRow, hosts: readonly ToolRunHostRow[]): ToolRun {
  const statuses = new Set(hosts.map(({ status }) => status));
  return {
    ...({ tool: run.tool, parameters: run.parameters } as ToolRequest),
    id: run.run_id,
    target: run.target,
    operator: run.operator,
    status: statuses.has('running') ? 'running' : statuses.has('offered') ? 'offered' : 'ended',
    createdAt: run.created_at.toISOString(),
    endedAt: run.ended_at?.toISOString() ?? null,
    hosts: hosts.map((row) => partAnswer(row, run)),
  };
}

const partAnswer = (row: ToolRunHostRow, run: ToolRunRow): ToolRunHost => ({
  requestId: row.request_id,
  hostId: row.host_id,
  hostName: row.hostName,
  status: row.status,
  outcome: row.outcome,
  code: row.code,
  detail: row.detail,
  signedAt: row.signed_at?.toISOString() ?? null,
  endedAt: row.ended_at?.toISOString() ?? null,
  events: row.event_count,
  dropped: row.dropped,
  packets:
    run.tool === 'capture'
      ? {
          ...{ bytes: row.packet_bytes, sealed: row.packets_sealed },
          recipient: (run.parameters as CaptureParameters).recipient ?? null,
        }
      : null,
  receipt: row.receipt,
});

export const toolEventAnswer = ({ number, hostId, saidAt, event }: ToolEventRow): ToolRunEvent => ({
  number,
  hostId,
  at: saidAt.toISOString(),
  // Checked when it came.
  event: JSON.parse(event) as ToolEvent,
});

export function figuresAnswer({ sent, lost, rttSumUs, rttMaxUs }: WatchFiguresRow): WatchFigures {
  const answered = Math.max(0, sent - lost);
  return {
    sent,
    lost,
    rttMeanUs: answered === 0 ? null : Math.round(rttSumUs / answered),
    rttMaxUs: answered === 0 ? null : rttMaxUs,
  };
}

export function watchAnswer(row: WatchRow, now: Date): Watch {
  const { target, protocol, port, intervalSeconds } = row.parameters;
  const isOver = row.until <= now || row.toldAt !== null;
  return {
    ...{ id: row.id, runId: row.runId, hostId: row.hostId, hostName: row.hostName, target, protocol },
    ...{ port: port ?? null, intervalSeconds, operator: row.operator },
    status: isOver ? 'ended' : row.stoppedAt === null ? 'active' : 'stopping',
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.until.toISOString(),
    latest: row.latest && { ...figuresAnswer(row.latest), at: row.latest.at.toISOString() },
  };
}
