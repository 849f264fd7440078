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

/** What a state is drawn as: one path in a 10 by 10 box, filled or as a line. */
export const shapePaths: Record<StateShape, { d: string; filled: boolean }> = {
  established: { d: 'M1.6 5a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0Z', filled: true },
  listen: { d: 'M1 5a4 4 0 1 0 8 0a4 4 0 1 0-8 0ZM4.3 5a.7.7 0 1 0 1.4 0a.7.7 0 1 0-1.4 0Z', filled: false },
  syn: { d: 'M5 1.3 9.2 8.7H.8Z', filled: false },
  'close-wait': { d: 'M1.6 1.6h6.8v6.8H1.6Z', filled: true },
  'time-wait': { d: 'M1.6 1h6.8L1.6 9h6.8Z', filled: false },
  closing: { d: 'M5 8.7.8 1.3h8.4Z', filled: false },
  closed: { d: 'm1.8 1.8 6.4 6.4M8.2 1.8 1.8 8.2', filled: false },
};
