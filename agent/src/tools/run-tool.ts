// A tool from the request to its end: prepared for an offer, run under its signature, bounded in time and words.
import { formatAddress } from '@foretop/proto';
import {
  type EndedEvent,
  readToolRequest,
  type ToolEvent,
  ToolFault,
  toolLimits,
  type ToolName,
  type ToolRequest,
  toolSeconds,
} from '@foretop/proto/tools';
import type { Guard } from './guard/guard.ts';
import { registry } from './registry.ts';
import { lineOf } from './text.ts';
import type { PacketWay, Tool } from './tool.ts';
import { ToolRefusal } from './tool-refusal.ts';

export interface PreparedTool {
  request: ToolRequest;
  /** The first is the one that was judged and is looked at; empty = there is no target. */
  addresses: readonly Uint8Array[];
}

const prepareMs = 15_000;

/** Throws ToolRefusal. */
export function parseToolRequest(tool: string, parameters: string): ToolRequest {
  try {
    return readToolRequest(tool, parameters);
  } catch (error) {
    if (error instanceof ToolFault) throw new ToolRefusal('malformed', `It says: ${error.message}.`, { cause: error });
    throw error;
  }
}

/** Resolves and judges the target. Throws ToolRefusal. */
export async function prepareTool(request: ToolRequest, guard: Guard): Promise<PreparedTool> {
  const tool = await toolOf(request);
  const addresses = await tool.aim(request.parameters, { guard, signal: AbortSignal.timeout(prepareMs) });
  return { request, addresses };
}

export interface RunOptions {
  guard: Guard;
  say: (event: ToolEvent) => void;
  packets: PacketWay;
  /** Somebody does not want to see any more. */
  signal: AbortSignal;
}

/** Says what is seen, and in the end how it went; that is also what it gives. Never rejects. */
export async function runTool(
  { request, addresses }: PreparedTool,
  { guard, say, packets, signal }: RunOptions,
): Promise<EndedEvent> {
  const limit = new AbortController();
  const seconds = toolSeconds(request);
  const timer = setTimeout(() => limit.abort(new Error(`its limit of ${seconds} s`)), seconds * 1_000);
  let events = 0;
  const bounded = (event: ToolEvent) => {
    if (signal.aborted || limit.signal.aborted) return;
    if (++events > toolLimits.events) return limit.abort(new Error(`its limit of ${toolLimits.events} lines`));
    say(event);
  };
  try {
    const over = AbortSignal.any([signal, limit.signal]);
    const tool = await toolOf(request);
    const target = tool.target(request.parameters);
    if (target !== '' && addresses.length > 0) bounded(resolvedEvent(target, addresses));
    const { detail, summary, outcome } = await tool.run({
      ...{ parameters: request.parameters, addresses, guard, say: bounded, packets, signal: over },
    });
    if (outcome === undefined) over.throwIfAborted();
    return tell({ kind: 'ended', outcome: outcome ?? 'completed', detail: lineOf(detail, 1_000), summary });
  } catch (error) {
    const summary = {};
    if (signal.aborted) return tell({ kind: 'ended', outcome: 'cancelled', detail: reasonOf(signal), summary });
    if (limit.signal.aborted)
      return tell({ kind: 'ended', outcome: 'limit', detail: `ended at ${reasonOf(limit.signal)}`, summary });
    return tell({ kind: 'ended', outcome: 'failed', detail: faultText(error), summary });
  } finally {
    clearTimeout(timer);
  }

  function tell(event: EndedEvent): EndedEvent {
    say(event);
    return event;
  }
}

/** What the type system cannot follow: a request's parameters belong to its tool. */
function toolOf({ tool }: ToolRequest): Promise<Tool<ToolName>> {
  return registry[tool]() as Promise<Tool<ToolName>>;
}

function resolvedEvent(target: string, addresses: readonly Uint8Array[]): ToolEvent {
  const all = addresses.map(formatAddress);
  return { kind: 'resolved', target: lineOf(target, 255), address: all[0]!, addresses: all };
}

const reasonOf = ({ reason }: AbortSignal) => lineOf(reason instanceof Error ? reason.message : String(reason), 1_000);

function faultText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const text = error instanceof Error ? message : String(error);
  return lineOf(code === undefined || text.includes(code) ? text : `${code}: ${text}`, 1_000);
}
