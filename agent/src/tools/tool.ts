// What each tool is to the rest of the agent.
import type { EndedEvent, ToolEvent, ToolName, ToolParameters } from '@foretop/proto/tools';
import type { TcpEnds } from '../host/open-sockets.linux.ts';
import type { Guard } from './guard/guard.ts';

/** What leaves this host because of the agent itself. */
export interface OwnConnections {
  /** To the collector, as far as they can be told. */
  connections: readonly TcpEnds[];
  /** undefined = not known. */
  collectorPort: number | undefined;
}

/** Where the packets of a capture go. */
export interface PacketWay {
  /** Of the run, 32 hex digits. */
  requestId: string;
  /** In the order of the calls. @returns false while the way has no room, or has ended: then nothing was sent. */
  send: (bytes: Uint8Array) => boolean;
  own: () => OwnConnections;
}

export interface ToolContext<Name extends ToolName> {
  parameters: ToolParameters[Name];
  /** Of the target, as the offer named them: the first is looked at. Empty for a tool without a target. */
  addresses: readonly Uint8Array[];
  /** For what a tool meets only while it runs. */
  guard: Guard;
  say: (event: ToolEvent) => void;
  packets: PacketWay;
  /** Nothing is done for the tool any more once it has aborted. */
  signal: AbortSignal;
}

/** How it went, for a person, and in figures. */
export interface ToolEnding {
  detail: string;
  summary: Record<string, number>;
  /** Of a tool whose end is what it is also when it was stopped; else it completed, unless it was stopped. */
  outcome?: EndedEvent['outcome'];
}

export interface Tool<Name extends ToolName> {
  /** What a person calls the target; empty = it has none. */
  target(parameters: ToolParameters[Name]): string;
  /** Resolves and judges the target, and says what is missing on this host, before anything is offered. Throws ToolRefusal. */
  aim(parameters: ToolParameters[Name], aid: { guard: Guard; signal: AbortSignal }): Promise<Uint8Array[]>;
  /** Throws ToolRefusal or what the system says; then it failed. After an abort what it gives is passed over, unless it has an outcome. */
  run(context: ToolContext<Name>): Promise<ToolEnding>;
}
