// For tests: a tool from its request to its last event, as a signed command runs it.
import {
  checkToolEvent,
  type EndedEvent,
  type ToolEvent,
  type ToolName,
  type ToolParameters,
} from '@foretop/proto/tools';
import { openGuard } from './guard/guard.ts';
import { parseToolRequest, prepareTool, runTool } from './run-tool.ts';
import type { PacketWay } from './tool.ts';

export const loopback = ['127.0.0.0/8', '::1/128'];

/** For tools that send no packets on. */
const noWay: PacketWay = {
  requestId: '0'.repeat(32),
  send: () => false,
  own: () => ({ connections: [], collectorPort: undefined }),
};

interface LookOptions {
  networks?: string[];
  signal?: AbortSignal;
  packets?: PacketWay;
}

/** Rejects with ToolRefusal. Each event is one that a reader takes. */
export async function look<Name extends ToolName>(
  tool: Name,
  parameters: ToolParameters[Name],
  { networks = loopback, signal = new AbortController().signal, packets = noWay }: LookOptions = {},
): Promise<{ events: ToolEvent[]; ended: EndedEvent }> {
  const guard = openGuard({ networks: () => networks });
  const prepared = await prepareTool(parseToolRequest(tool, JSON.stringify(parameters)), guard);
  const events: ToolEvent[] = [];
  const say = (event: ToolEvent) => events.push(checkToolEvent(event));
  const ended = await runTool(prepared, { guard, signal, packets, say });
  return { events, ended };
}

export function ofKind<Kind extends ToolEvent['kind']>(
  events: readonly ToolEvent[],
  kind: Kind,
): Extract<ToolEvent, { kind: Kind }>[] {
  return events.filter((event): event is Extract<ToolEvent, { kind: Kind }> => event.kind === kind);
}
