// What each tool is to the rest of the agent.
import type { ToolEvent, ToolName, ToolParameters } from '@foretop/proto/tools';
import type { Guard } from './guard/guard.ts';

export interface ToolContext<Name extends ToolName> {
  parameters: ToolParameters[Name];
  /** Of the target, as the offer named them: the first is looked at. Empty for a tool without a target. */
  addresses: readonly Uint8Array[];
  /** For what a tool meets only while it runs. */
  guard: Guard;
  say: (event: ToolEvent) => void;
  /** Nothing is done for the tool any more once it has aborted. */
  signal: AbortSignal;
}

/** How it went, for a person, and in figures. */
export interface ToolEnding {
  detail: string;
  summary: Record<string, number>;
}

export interface Tool<Name extends ToolName> {
  /** What a person calls the target; empty = it has none. */
  target(parameters: ToolParameters[Name]): string;
  /** Resolves and judges the target, and says what is missing on this host, before anything is offered. Throws ToolRefusal. */
  aim(parameters: ToolParameters[Name], aid: { guard: Guard; signal: AbortSignal }): Promise<Uint8Array[]>;
  /** Throws ToolRefusal or what the system says; then it failed. After an abort whatever it gives is passed over. */
  run(context: ToolContext<Name>): Promise<ToolEnding>;
}
