// What is asked again and again of an observation: how long, how many on average, and what began, ended or was open in it.
import type { Connection } from '@foretop/proto/api';
import type { Observation } from './observation.ts';

export const secondsOf = ({ fromMs, toMs }: Observation) => (toMs - fromMs) / 1_000;
export const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
/** Three significant digits are as much as a minute tells. */
export const rounded = (value: number) => Number(value.toPrecision(3));
/** With a peer, and not only waiting for its ports to be free again. */
export const isOpen = ({ state, remoteAddress }: Connection) => remoteAddress !== null && state !== 'time-wait';
export const beganWithin = ({ startedAt, startedBefore }: Connection, { fromMs }: Observation) =>
  !startedBefore && Date.parse(startedAt) >= fromMs;
export const endedWithin = ({ endedAt }: Connection, { toMs }: Observation) =>
  endedAt !== null && Date.parse(endedAt) <= toMs;
