// What a kind of host is made of: its processes, what they listen on, whom they talk to and how much.
import { createHash } from 'node:crypto';

export type ProfileName = 'idle' | 'web-server' | 'database' | 'workstation' | 'noisy' | 'typical' | 'recorded';

export interface ProcessTemplate {
  /** Name within the profile, by which listeners and traffic refer to it. */
  key: string;
  comm: string;
  executable: string;
  commandLine: string;
  user: string;
  uid: number;
  /** cgroup v2 path below the root. */
  cgroup: string;
  /** systemd unit. */
  unit: string;
  /** docker, containerd, …; empty outside containers. */
  containerRuntime: string;
  containerId: string;
  /** How many of it run. */
  count: number;
  /** Of one core, on average. */
  cpuPermille: number;
  memoryMb: number;
  threads: number;
  descriptors: number;
}

export interface Listener {
  process: string;
  protocol: 'tcp' | 'udp';
  port: number;
  /** Bound to loopback only. */
  local?: boolean;
  /** Which process owns accepted connections, when it is not the listening one. */
  acceptedBy?: string;
}

/** Who is at the other end. */
export type Peer =
  /** Hosts of the fleet with that profile, or of any profile. */
  | { hosts: ProfileName | 'any' }
  /** Addresses without an agent: the internet, or the company's own networks. */
  | 'internet'
  | 'intranet'
  /** The name server of the site. */
  | 'resolver'
  | 'loopback';

/** An address without an agent, as a snapshot names it; null = without a name. */
export interface FarEnd {
  address: Uint8Array;
  name: string | null;
}

export interface Traffic {
  process: string;
  /** `connects`: to the peer's port. `accepts`: from addresses without an agent, on the own port. */
  role: 'connects' | 'accepts';
  peer: Peer;
  protocol: 'tcp' | 'udp';
  port: number;
  /** How many are open at a time, on average. */
  open: number;
  lifeSeconds: number;
  /** Payload from the connecting side, and back, in a second that has any. */
  upBytes: number;
  downBytes: number;
  /** Share of seconds that have any. */
  active: number;
  /** Seconds in TIME_WAIT on the connecting side. */
  lingerSeconds?: number;
  /** Kernel TCP state from the start (2 SYN_SENT, 8 CLOSE_WAIT); such a connection carries nothing more. */
  stuckIn?: 2 | 8;
  /** Share of connections over IPv6. */
  ipv6?: number;
  /** In place of addresses of the peer's kind that are made up. */
  farEnds?: readonly FarEnd[];
  /** How long those live that begin, whole seconds, of which `lifeSeconds` is the mean; without, the ages are exponential. */
  lives?: readonly number[];
}

/** A process that comes and goes. */
export interface Job {
  template: ProcessTemplate;
  everySeconds: number;
  lifeSeconds: number;
}

/** DNS questions of a process, and which shares of them have no answer, or the answer that there is no such name. */
export interface Questions {
  process: string;
  perMinute: number;
  names: readonly string[];
  missing: number;
  unanswered: number;
}

export interface Profile {
  name: ProfileName;
  /** First part of the hosts' names. */
  label: string;
  os: string;
  kernel: string;
  /** x86_64 unless given. */
  arch?: string;
  cpus: number;
  memoryGb: number;
  linkMbit: number;
  /** In place of a usual name and 1,500. */
  uplink?: { name: string; mtu: number };
  processes: readonly ProcessTemplate[];
  listeners: readonly Listener[];
  traffic: readonly Traffic[];
  jobs: readonly Job[];
  /** All that are asked; without, connections bring theirs. */
  questions?: readonly Questions[];
}

type Place = Pick<ProcessTemplate, 'cgroup' | 'unit'> &
  Partial<Pick<ProcessTemplate, 'containerRuntime' | 'containerId'>>;
type Numbers = Partial<Pick<ProcessTemplate, 'count' | 'cpuPermille' | 'memoryMb' | 'threads' | 'descriptors'>>;

const uids: Record<string, number> = {
  root: 0,
  daemon: 1,
  'www-data': 33,
  systemd: 997,
  messagebus: 100,
  _chrony: 103,
  postgres: 105,
  redis: 106,
  prometheus: 107,
  app: 1001,
  anna: 1000,
  backup: 34,
};

/** A systemd service's process; comm is the executable's name unless the key says otherwise. */
export function service(
  key: string,
  user: string,
  commandLine: string,
  unit: string,
  numbers: Numbers = {},
): ProcessTemplate {
  return template(key, user, commandLine, { cgroup: `/system.slice/${unit}`, unit: unit.split('/').at(-1)! }, numbers);
}

/** A process of somebody's login session. */
export function session(key: string, user: string, commandLine: string, numbers: Numbers = {}): ProcessTemplate {
  const uid = uids[user] ?? 1000;
  const cgroup = `/user.slice/user-${uid}.slice/session-2.scope`;
  return template(key, user, commandLine, { cgroup, unit: 'session-2.scope' }, numbers);
}

/** A process in a container of that runtime under systemd's driver. The same container on every host: ids are made up. */
export function contained(
  key: string,
  user: string,
  commandLine: string,
  container: { runtime: 'docker' | 'containerd'; name: string },
  numbers: Numbers = {},
): ProcessTemplate {
  const id = createHash('sha256').update(container.name).digest('hex');
  const docker = container.runtime === 'docker';
  const unit = docker ? `docker-${id}.scope` : `cri-containerd-${id}.scope`;
  const slice = docker ? '/system.slice' : '/kubepods.slice/kubepods-burstable.slice';
  const place = { cgroup: `${slice}/${unit}`, unit, containerRuntime: container.runtime, containerId: id };
  return template(key, user, commandLine, place, numbers);
}

/** The first word of `commandLine` that is a path is the executable; comm is cut as the kernel does (TASK_COMM_LEN 16). */
function template(key: string, user: string, commandLine: string, place: Place, numbers: Numbers): ProcessTemplate {
  const path = commandLine.split(' ').find((word) => word.startsWith('/')) ?? '';
  const title = commandLine.startsWith('/') ? path.slice(path.lastIndexOf('/') + 1) : commandLine.split(/[: ]/)[0]!;
  return {
    key,
    comm: title.slice(0, 15),
    executable: path,
    commandLine,
    user,
    uid: uids[user] ?? 1000,
    ...{ containerRuntime: '', containerId: '' },
    ...place,
    ...{ count: 1, cpuPermille: 0, memoryMb: 12, threads: 1, descriptors: 16 },
    ...numbers,
  };
}
