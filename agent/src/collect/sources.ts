// What the agent can see here, why not more, and what would raise it.
import type { Source } from '@foretop/proto';
import type { BriefCounters } from '../host/brief-processes.linux.ts';
import type { EngineFeature } from '../host/engine.ts';
import type { Capability } from '../host/linux/capabilities.ts';
import type { Scope } from '../host/scope.linux.ts';
import { maxNamespaces } from './foreign-namespaces.ts';

export interface SourceState {
  /** The kernel engine: its parts, or why it is not there and what would help. */
  engine: { features: readonly EngineFeature[]; refused: string; remedy: string };
  /** The packet socket that stands in for it: why it is not there; undefined = not needed. */
  packets: { refused: string; dropped: number } | undefined;
  /** The kernel engine tells of every end. */
  tellsEnds: boolean;
  /** Why the destroy multicast could not be joined; empty when it was, or is not needed. */
  eventsRefused: string;
  capabilities: ReadonlySet<Capability>;
  /** Effective user name or number, for the text. */
  user: string;
  /** Processes whose descriptors the kernel did not show. */
  deniedProcesses: number;
  countsDescriptors: boolean;
  scope: Scope;
  namespaces: NamespaceState;
  /** `refused`: why the process connector could not be opened; empty when it was. */
  brief: { refused: string } & Partial<BriefCounters>;
  /** Why a source failed in the last tick. */
  failure(source: string): string | undefined;
}

export interface NamespaceState {
  /** Why no other namespace can be looked into; empty when they can. */
  unavailable: '' | 'scope' | 'capability' | 'kernel';
  watched: number;
  leftOut: number;
  refused: { count: number; message: string };
  /** Longest time between two looks into the same one. */
  longestUs: number;
}

const RUN_AS_ROOT = 'run the agent as root, or grant it';

/**
 * Tier 1 has the kernel's own programs count and name every connection; 2 sees how every connection ends and whose the longer
 * ones are; 3 what an ordinary user may.
 */
export function tierOf(state: Pick<SourceState, 'eventsRefused' | 'capabilities'> & { hasEngine: boolean }): 1 | 2 | 3 {
  if (state.hasEngine) return 1;
  return state.eventsRefused === '' && state.capabilities.has('CAP_NET_ADMIN') && readsAllOwners(state) ? 2 : 3;
}

/** Cookies are unique over all namespaces since Linux 5.4 (net/core/sock_diag.c, cd48bdda4fb8). */
export function whyNoNamespaces(
  scope: Scope,
  capabilities: ReadonlySet<Capability>,
  kernel: string,
): NamespaceState['unavailable'] {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  if (scope === 'namespace') return 'scope';
  if (major < 5 || (major === 5 && minor < 4)) return 'kernel';
  return capabilities.has('CAP_SYS_ADMIN') && capabilities.has('CAP_SYS_PTRACE') ? '' : 'capability';
}

export function describeSources(state: SourceState): Source[] {
  return [
    ...kernelEngine(state),
    ...packetSocket(state),
    sockDiag(state),
    ...destroyEvents(state),
    namespaces(state.namespaces),
    owners(state),
    simple(
      'processes',
      state.countsDescriptors
        ? ''
        : 'the kernel is older than 6.2: descriptors are not counted, and finding owners costs more',
    ),
    briefProcesses(state.brief),
    simple('interfaces', ''),
    simple('host', ''),
  ].map((source) => withFailure(source, state));
}

function kernelEngine({ engine: { features, refused, remedy } }: SourceState): Source[] {
  if (refused !== '') {
    const reason = `${refused}; the shortest connections have no process, and UDP has no byte counts`;
    return [{ name: 'ebpf', available: false, reason, remedy }];
  }
  const parts = features.map(({ name, available, ...why }) => ({ name: `ebpf_${name}`, available, ...why }));
  return [{ name: 'ebpf', available: true, reason: '', remedy: '' }, ...parts];
}

function packetSocket({ packets }: SourceState): Source[] {
  if (!packets) return [];
  if (packets.refused !== '') {
    const reason = `${packets.refused}; neither DNS nor TLS names are seen`;
    return [{ name: 'packets', available: false, reason, remedy: `${RUN_AS_ROOT} CAP_NET_RAW` }];
  }
  const dropped = packets.dropped > 0 ? `the kernel dropped ${packets.dropped} packets` : '';
  return [simple('packets', dropped)];
}

function sockDiag(state: SourceState): Source {
  const limited = state.scope === 'namespace';
  return {
    name: 'sock_diag',
    available: true,
    reason: limited ? 'only the sockets of the network namespace that the agent runs in' : '',
    remedy: limited ? 'run the agent in the host’s network and PID namespaces' : '',
  };
}

/** None where the kernel engine tells of every end. */
function destroyEvents({ eventsRefused, tellsEnds }: SourceState): Source[] {
  if (tellsEnds) return [];
  if (eventsRefused === '') return [simple('destroy_events', '')];
  const reason = `${eventsRefused}; connections shorter than a second go unseen, and what others carried in their last second is missing`;
  return [{ name: 'destroy_events', available: false, reason, remedy: `${RUN_AS_ROOT} CAP_NET_ADMIN` }];
}

function namespaces(state: NamespaceState): Source {
  const { unavailable, watched, leftOut, refused, longestUs } = state;
  if (unavailable !== '') return { name: 'namespaces', available: false, ...withoutNamespaces[unavailable] };
  const limits = [
    leftOut > 0 ? `${leftOut} network namespaces beyond the first ${maxNamespaces} are left out` : '',
    refused.count > 0 ? `${refused.count} network namespaces could not be entered (${refused.message})` : '',
    longestUs > 2_500_000
      ? `the ${watched} network namespaces are so costly to read that each gets its turn every ${Math.round(longestUs / 1e6)} s`
      : '',
  ];
  return { name: 'namespaces', available: true, reason: limits.filter((text) => text !== '').join('; '), remedy: '' };
}

const withoutNamespaces = {
  scope: {
    reason: 'the agent runs in namespaces of its own and leaves all others to the host’s agent',
    remedy: 'run the agent in the host’s network and PID namespaces',
  },
  capability: {
    reason: 'connections inside other network namespaces, as containers have, go unseen',
    remedy: `${RUN_AS_ROOT} CAP_SYS_ADMIN and CAP_SYS_PTRACE`,
  },
  kernel: {
    reason:
      'the kernel is older than 5.4 and numbers the sockets of each network namespace anew: they cannot be told apart',
    remedy: 'update the kernel',
  },
} as const;

function owners(state: SourceState): Source {
  if (!readsAllOwners(state)) {
    return {
      name: 'owners',
      available: true,
      reason: `only connections of processes of user ${state.user} have a process`,
      remedy: `${RUN_AS_ROOT} CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH`,
    };
  }
  const denied = state.deniedProcesses;
  return {
    name: 'owners',
    available: true,
    reason:
      denied > 0 ? `the kernel refused to show the descriptors of ${denied} process${denied === 1 ? '' : 'es'}` : '',
    remedy: '',
  };
}

function briefProcesses({ refused, failure = '', overflows = 0, missed = 0 }: SourceState['brief']): Source {
  const name = 'process_events';
  if (refused !== '' || failure !== '') {
    return {
      name,
      available: false,
      reason: `${refused || failure}; processes that live less than a second go unseen`,
      remedy: `${RUN_AS_ROOT} CAP_NET_ADMIN, in the host’s network and PID namespaces`,
    };
  }
  const limits = [
    missed > 0 ? `${missed} processes had ended before they could be looked at, or came too many at once` : '',
    overflows > 0 ? `the kernel dropped events ${overflows} times` : '',
  ];
  return { name, available: true, reason: limits.filter((text) => text !== '').join('; '), remedy: '' };
}

function simple(name: string, reason: string): Source {
  return { name, available: true, reason, remedy: '' };
}

function withFailure(source: Source, state: SourceState): Source {
  const failure = state.failure(source.name ?? '');
  return failure === undefined ? source : { ...source, available: false, reason: failure };
}

function readsAllOwners(state: Pick<SourceState, 'capabilities'>): boolean {
  return state.capabilities.has('CAP_SYS_PTRACE') && state.capabilities.has('CAP_DAC_READ_SEARCH');
}
