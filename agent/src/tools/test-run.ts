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

export const loopback = ['127.0.0.0/8', '::1/128'];

/** Rejects with ToolRefusal. Each event is one that a reader takes. */
export async function look<Name extends ToolName>(
  tool: Name,
  parameters: ToolParameters[Name],
  { networks = loopback, signal = new AbortController().signal }: { networks?: string[]; signal?: AbortSignal } = {},
): Promise<{ events: ToolEvent[]; ended: EndedEvent }> {
  const guard = openGuard({ networks: () => networks });
  const prepared = await prepareTool(parseToolRequest(tool, JSON.stringify(parameters)), guard);
  const events: ToolEvent[] = [];
  const ended = await runTool(prepared, { guard, signal, say: (event) => events.push(checkToolEvent(event)) });
  return { events, ended };
}

export function ofKind<Kind extends ToolEvent['kind']>(
  events: readonly ToolEvent[],
  kind: Kind,
): Extract<ToolEvent, { kind: Kind }>[] {
  return events.filter((event): event is Extract<ToolEvent, { kind: Kind }> => event.kind === kind);
}
