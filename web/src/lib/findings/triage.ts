// Changes of the states of findings, and what takes them back.
import type { Finding, FindingChange, FindingsChange, FindingsChanged, FindingState } from '@foretop/proto/api';
import { request } from '../api/client.ts';

/** The body of one request. */
export type Step = { kind: 'many'; body: FindingsChange } | { kind: 'one'; id: string; body: FindingChange };

/** The collector takes as many at a time. */
export const mostAtOnce = 500;

export const setAll = (ids: readonly string[], state: FindingState): Step[] =>
  Array.from({ length: Math.ceil(ids.length / mostAtOnce) }, (_, at) => ({
    kind: 'many',
    body: { ids: ids.slice(at * mostAtOnce, (at + 1) * mostAtOnce), state },
  }));

/** Puts back the states that findings had: together where all hosts of each had the same, else host by host. */
export function takeBack(before: readonly Pick<Finding, 'id' | 'state' | 'hosts' | 'hostCount'>[]): Step[] {
  const alike = before.filter(({ hosts, state }) => hosts.every((host) => host.state === state));
  const together = [...Map.groupBy(alike, ({ state }) => state)].flatMap(([state, some]) =>
    setAll(
      some.map(({ id }) => id),
      state,
    ),
  );
  const apart = before
    .filter((finding) => !alike.includes(finding))
    .flatMap(({ id, hosts }) =>
      [...Map.groupBy(hosts, ({ state }) => state)].map(([state, some]): Step => ({
        kind: 'one',
        id,
        body: { state, hosts: some.map(({ hostId }) => hostId) },
      })),
    );
  return [...together, ...apart];
}

/** @returns how many findings on hosts were changed. Throws ApiError. */
export async function carryOut(steps: readonly Step[]): Promise<number> {
  let changed = 0;
  for (const step of steps) {
    const path = step.kind === 'many' ? '/findings' : `/findings/${step.id}`;
    // One after the other: a later one may be about the same finding.
    const answer = await request<Partial<FindingsChanged> | undefined>(path, { method: 'PATCH', body: step.body });
    changed += answer?.changed ?? 1;
  }
  return changed;
}

const done: Readonly<Record<FindingState, string>> = {
  new: 'new again',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  muted: 'muted',
};

/** "3 findings resolved": for the line that offers to take it back. */
export const saidOf = (findings: number, state: FindingState): string =>
  `${findings === 1 ? 'Finding' : `${findings} findings`} ${done[state]}`;
