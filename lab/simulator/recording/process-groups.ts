// Processes of a host that are the same but for their numbers, and how many of each ran, came and went.
import type { Process } from '@foretop/proto/api';
import type { Disguise } from './disguise.ts';
import { mean, rounded, secondsOf } from './measures.ts';
import type { Observation } from './observation.ts';
import { bounds, type SnapshotProcess } from './snapshot.ts';

export interface ProcessGroups {
  processes: SnapshotProcess[];
  /** Of the group of a process; empty where that is not known. */
  keyOf(processId: string | null): string;
  /** At least one of the group stays. */
  runs(key: string): boolean;
  /** How many of those processes are in a group. */
  kept(processes: readonly Process[]): number;
  /** How many processes are in none: kernel threads, and those whose executable could not be read. */
  leftOut: number;
}

type Identity = Pick<SnapshotProcess, 'program' | 'executable' | 'unit' | 'root' | 'container' | 'containerRuntime'>;

export function processGroups(seen: Observation, disguise: Disguise): ProcessGroups {
  const hasProgram = ({ executable }: Process) => executable.startsWith('/');
  const ran = new Map<string, Process>();
  for (const process of [...seen.processes, ...seen.looks.flatMap((look) => look.processes)])
    ran.set(process.id, process);
  const programs = [...ran.values()].filter(hasProgram);
  const identities = new Map(programs.map((process) => [process.id, identityOf(process, disguise)]));
  const groupOf = (id: string) => JSON.stringify(identities.get(id));
  const ordered = [...Map.groupBy(programs, ({ id }) => groupOf(id))]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, bounds.groups);
  const keys = new Map<string, string>();
  const used = new Map<string, number>();
  const processes = ordered.map(([group, members]) => {
    const identity = identities.get(members[0]!.id)!;
    const number = (used.get(identity.program) ?? 0) + 1;
    used.set(identity.program, number);
    const key = number === 1 ? identity.program : `${identity.program}-${number}`;
    keys.set(group, key);
    const looks = seen.looks.map((look) => look.processes.filter(({ id }) => groupOf(id) === group));
    return { key, ...identity, ...numbersOf(seen, members, looks) };
  });
  const running = new Set(processes.filter(({ count }) => count > 0).map(({ key }) => key));
  const keyOf = (id: string | null) => (id === null ? '' : (keys.get(groupOf(id)) ?? ''));
  return {
    ...{ processes, keyOf },
    runs: (key) => running.has(key),
    kept: (list) => list.filter(({ id }) => keyOf(id) !== '').length,
    leftOut: ran.size - programs.length,
  };
}

function identityOf(process: Process, disguise: Disguise): Identity {
  const { container, uid } = process;
  return {
    program: disguise.program(process),
    executable: disguise.executable(process),
    unit: disguise.unit(process),
    root: uid === 0,
    container: container === null ? 0 : disguise.container(container.id),
    containerRuntime: container?.runtime ?? '',
  };
}

/** What came and went in the recording comes and goes; the others stay, so that as many run as did on average. */
function numbersOf(seen: Observation, members: readonly Process[], looks: readonly (readonly Process[])[]) {
  const shown = looks.flat();
  const meanOf = (of: (process: Process) => number | null) =>
    rounded(mean(shown.flatMap((process) => of(process) ?? [])));
  const lives = members.flatMap(({ startedAt, exitedAt }) => {
    const isWhole = exitedAt !== null && Date.parse(startedAt) >= seen.fromMs && Date.parse(exitedAt) <= seen.toMs;
    return isWhole ? (Date.parse(exitedAt) - Date.parse(startedAt)) / 1_000 : [];
  });
  const perSecond = lives.length / secondsOf(seen);
  const running = mean(looks.map((look) => look.length));
  return {
    count: Math.max(0, Math.round(running - perSecond * mean(lives))),
    cpuPermille: rounded(meanOf(({ cpuPercent }) => (cpuPercent === null ? null : cpuPercent * 10))),
    memoryMb: meanOf(({ memoryBytes }) => (memoryBytes === null ? null : memoryBytes / 2 ** 20)),
    threads: Math.max(1, Math.round(meanOf(({ threads }) => threads))),
    descriptors: Math.round(meanOf(({ descriptors }) => descriptors)),
    startsPerMinute: rounded(perSecond * 60),
    lifeSeconds: rounded(Math.max(0, mean(lives))),
  };
}
