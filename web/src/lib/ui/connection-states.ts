// TCP and UDP states as people filter by them: seven shapes, each with a word; the kernel's exact name stays in the inspector.
import type { StateName } from '@foretop/proto/live';

export const stateShapes = ['established', 'listen', 'syn', 'close-wait', 'time-wait', 'closing', 'closed'] as const;
export type StateShape = (typeof stateShapes)[number];

export const shapeWords: Record<StateShape, string> = {
  established: 'Established',
  listen: 'Listen',
  syn: 'SYN',
  'close-wait': 'Close-wait',
  'time-wait': 'Time-wait',
  closing: 'Closing',
  closed: 'Closed',
};

const shapes: Record<StateName, StateShape> = {
  established: 'established',
  'syn-sent': 'syn',
  'syn-recv': 'syn',
  'fin-wait-1': 'closing',
  'fin-wait-2': 'closing',
  'last-ack': 'closing',
  closing: 'closing',
  'time-wait': 'time-wait',
  close: 'closed',
  'close-wait': 'close-wait',
  listen: 'listen',
  // A UDP socket without a peer waits for datagrams as a listener waits for connections.
  unconnected: 'listen',
};

/** The kernel's states that a shape stands for. */
export const statesOf = (shape: StateShape): StateName[] =>
  (Object.keys(shapes) as StateName[]).filter((state) => shapes[state] === shape);

/** A state that the agent could not name counts as closed: nothing can be said of it. */
export const shapeOf = (state: StateName | '', closed = false): StateShape =>
  closed || state === '' ? 'closed' : shapes[state];

/** "Open" is what a UDP socket without a peer is called. */
export const wordOf = (state: StateName | '', closed = false): string =>
  !closed && state === 'unconnected' ? 'Open' : shapeWords[shapeOf(state, closed)];
