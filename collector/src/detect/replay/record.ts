// What the readers of a replay give: observations, and hints that name a flow of another log.
import type { Observation } from '../observation.ts';

/** The server's name of the flow that bears this id in the connection log beside it. */
export interface NameHint {
  kind: 'name-hint';
  atUs: number;
  uid: string;
  name: string;
}

/** An observation with what only a log knows. */
export interface Observed {
  kind: 'observed';
  atUs: number;
  observation: Observation;
  /** Of the flow, in logs that have it. */
  uid?: string;
}

export type ReplayRecord = Observed | NameHint;

export interface Reading {
  /** Lines or packets. */
  items: number;
  /** Lines that could not be read. */
  bad: number;
  /** What a person should know, in sentences. */
  notes: string[];
  /** The earliest time so far. */
  firstUs: number | undefined;
}

export const newReading = (): Reading => ({ items: 0, bad: 0, notes: [], firstUs: undefined });

export const observed = (observation: Observation, uid?: string): Observed =>
  uid === undefined
    ? { kind: 'observed', atUs: observation.atUs, observation }
    : { kind: 'observed', atUs: observation.atUs, observation, uid };

/** What is wrong with an input as a whole: it is told, and ends the replay with exit code 2. */
export class UnreadableInput extends Error {
  readonly code = 'unreadable-input';
  readonly retryable = false;
  constructor(path: string, why: string, options: { cause?: unknown } = {}) {
    super(`'${path}' cannot be replayed. ${why}`, options);
    this.name = 'UnreadableInput';
  }
}
