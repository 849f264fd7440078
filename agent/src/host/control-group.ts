// From a process's control groups to its container and its systemd unit. Pure: the text of /proc/PID/cgroup is all it needs.
import { limits } from '@foretop/proto';

export interface ControlGroup {
  /** The path in cgroup v2, else in systemd's v1 hierarchy, else the first that says anything (cgroups(7)). */
  path: string;
  /** As systemctl takes it, `\x2d` and all; a user's own unit before the system's. Empty when there is none. */
  unit: string;
  /** docker, containerd, podman, cri-o or kubernetes; empty outside containers. */
  containerRuntime: string;
  /** 64 hex digits, or the pod's uid where only the pod is known. */
  containerId: string;
}

interface Container {
  runtime: string;
  id: string;
}

const noContainer: Container = { runtime: '', id: '' };

/** Scopes and folders that runtimes name after themselves and the container's id. Monitors (`crio-conmon-…`) do not match. */
const named: readonly (readonly [pattern: RegExp, runtime: string])[] = [
  [/^docker-([0-9a-f]{64})(?:\.scope)?$/, 'docker'],
  [/^(?:cri-containerd|nerdctl)-([0-9a-f]{64})(?:\.scope)?$/, 'containerd'],
  // containerd's default when kubelet and containerd disagree about the driver: slice:prefix:id in one folder's name.
  [/:cri-containerd:([0-9a-f]{64})$/, 'containerd'],
  [/:docker:([0-9a-f]{64})$/, 'docker'],
  [/^libpod-(?:payload-)?([0-9a-f]{64})(?:\.scope)?$/, 'podman'],
  [/^crio-([0-9a-f]{64})(?:\.scope)?$/, 'cri-o'],
];

/** With the cgroupfs driver only the folder above the bare id tells whose it is. `default` is containerd's own namespace. */
const folders: Readonly<Record<string, string>> = {
  docker: 'docker',
  moby: 'docker',
  default: 'containerd',
  'k8s.io': 'containerd',
  libpod_parent: 'podman',
};

const bareId = /^[0-9a-f]{64}$/;
/** A pod's uid is a UUID, or a hash for static pods; in a slice's name kubelet writes `_` for `-`. */
const pod = /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?::|$)/;
const unitName = /^[^/]+\.(?:service|scope|socket|mount|swap)$/;

export function parseControlGroup(text: string): ControlGroup {
  const lines = text.split('\n').flatMap(parseLine);
  // In the order of trust: v2, systemd's own v1 hierarchy, controllers of v1 (where a hybrid host has its containers).
  const paths = [
    ...lines.filter((line) => line.v2),
    ...lines.filter((line) => line.systemd),
    ...lines.filter((line) => !line.v2 && !line.systemd),
  ].map((line) => line.path);
  const container = firstOf(paths, containerOf, (found) => found.id !== '') ?? noContainer;
  return {
    path: (paths.find((path) => path !== '/') ?? paths[0] ?? '').slice(0, limits.textLength),
    unit: (firstOf(paths, unitOf, (unit) => unit !== '') ?? '').slice(0, limits.nameLength),
    containerRuntime: container.runtime,
    containerId: container.id,
  };
}

/** The innermost unit. The manager inside a user's session or a container (`init.scope`) goes by the unit around it. */
export function unitOf(path: string): string {
  let unit = '';
  for (const part of path.split('/')) {
    if (unitName.test(part) && (part !== 'init.scope' || unit === '')) unit = part;
  }
  // systemd puts `_` before names that the kernel would take for its own files (cg_escape).
  return unit.startsWith('_') ? unit.slice(1) : unit;
}

/** The innermost container; of a process that is in a pod but in none of its containers, the pod. */
export function containerOf(path: string): Container {
  const parts = path.split('/');
  let found = noContainer;
  for (const [index, part] of parts.entries()) {
    const container = namedContainer(part) ?? bareContainer(part, parts[index - 1] ?? '', found);
    if (container) found = container;
  }
  return found;
}

function namedContainer(part: string): Container | undefined {
  for (const [pattern, runtime] of named) {
    const id = pattern.exec(part)?.[1];
    if (id) return { runtime, id };
  }
  const uid = pod.exec(part)?.[1];
  return uid ? { runtime: 'kubernetes', id: uid.replaceAll('_', '-') } : undefined;
}

function bareContainer(part: string, folder: string, around: Container): Container | undefined {
  if (!bareId.test(part)) return undefined;
  if (Object.hasOwn(folders, folder)) return { runtime: folders[folder]!, id: part };
  // A folder in a pod's: which runtime made it is not written anywhere.
  return around.runtime === 'kubernetes' ? { runtime: 'kubernetes', id: part } : undefined;
}

function parseLine(line: string): { path: string; v2: boolean; systemd: boolean }[] {
  const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
  if (!match) return [];
  // The kernel says so when the folder was removed under its last process.
  const path = match[3]!.replace(/ \(deleted\)$/, '');
  return [{ path, v2: match[1] === '0' && match[2] === '', systemd: match[2] === 'name=systemd' }];
}

function firstOf<Value>(
  paths: string[],
  read: (path: string) => Value,
  is: (value: Value) => boolean,
): Value | undefined {
  for (const path of paths) {
    const value = read(path);
    if (is(value)) return value;
  }
  return undefined;
}
