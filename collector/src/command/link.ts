// A host's session as the control lane sees it, and what the session tells that lane.
import type { AgentFrame, CloseName, CollectorFrame } from '@foretop/proto';
import type { PublicJwk } from '@foretop/proto/trust';

/** Of an agent that knows commands. */
export interface ControlLink {
  readonly hostId: number;
  /** Of the key with which the agent proved who it is. */
  readonly thumbprint: string;
  readonly key: PublicJwk;
  send(frame: CollectorFrame): void;
  close(reason: CloseName, detail: string): void;
  /** Nothing is read from the agent any more until what this gives is called. */
  hold(): () => void;
}

/** The protocol version that brought commands; agents of older ones are never told of any. */
export const controlVersion = 3;

export interface ControlLane {
  connected(link: ControlLink): void;
  disconnected(link: ControlLink): void;
  /** One of offer, progress, receipt, toolOutput, auditHead. */
  frame(link: ControlLink, frame: AgentFrame): void;
  /** Before the sessions are closed. */
  farewell(): Promise<void>;
}
