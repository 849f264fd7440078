// What no command ends, whoever signed it: what would take the host away, or Foretop. Known by the file that runs and the unit, never by a name alone.
import { basename, dirname } from 'node:path';
import type { ProcessEvidence } from '../host/targets.ts';

interface Guarded {
  what: string;
  program: RegExp;
  /** Where its file stands; only there it counts without its unit. */
  folders: RegExp;
  /** Units of the system's manager in which it is what it says. */
  units: RegExp;
  /** Also outside of those units: a session's own copy goes with the session. */
  everywhere?: boolean;
}

const guarded: readonly Guarded[] = [
  {
    what: 'systemd or one of its daemons',
    program: /^(?:systemd(?:-[a-z0-9-]+)?|udevadm)$/,
    folders: /^(?:\/usr)?\/lib\/systemd$/,
    units: /^(?:systemd-[\w@:.\\-]+\.service|init\.scope|user@\d+\.service)$/,
    everywhere: true,
  },
  {
    what: 'the SSH server',
    program: /^sshd(?:-session|-auth)?$/,
    folders: /^(?:\/usr(?:\/local)?)?\/(?:s?bin|lib\/openssh|libexec\/openssh|lib\/ssh)$/,
    units: /^sshd?(?:@[\w@:.\\-]*)?\.service$/,
  },
  {
    what: 'the message bus',
    program: /^dbus-(?:daemon|broker|broker-launch)$/,
    folders: /^(?:\/usr)?\/(?:s?bin|lib\/dbus-1(?:\.0)?|libexec)$/,
    units: /^dbus(?:-broker)?\.service$/,
  },
  {
    what: 'NetworkManager',
    program: /^NetworkManager$/,
    folders: /^(?:\/usr)?\/s?bin$/,
    units: /^NetworkManager\.service$/,
  },
];

const agentUnit = 'foretop-agent.service';
const deleted = / \(deleted\)$/;
const othersMayWrite = 0o022;

/** Why it is protected, for a person; undefined = it is not. `own`: processes of this agent. */
export function protectionOf(process: ProcessEvidence, own: ReadonlySet<number>): string | undefined {
  const { pid, isKernelThread, name } = process;
  const byNumber = protectionOfPid(pid, own);
  if (byNumber !== undefined) return byNumber;
  if (isKernelThread) return `${name} (PID ${pid}) is a thread of the kernel.`;
  if (isOfAgent(process)) return ofAgent(pid);
  const found = isRootsOwn(process) ? guarded.find((entry) => isGuarded(process, entry)) : undefined;
  return found && `${name} (PID ${pid}) is ${found.what}.`;
}

/** What the number alone tells: known even where nothing of the process can be read. */
export function protectionOfPid(pid: number, own: ReadonlySet<number>): string | undefined {
  if (pid === 1) return 'Process 1 is what the host runs on.';
  return own.has(pid) ? ofAgent(pid) : undefined;
}

const ofAgent = (pid: number) => `PID ${pid} belongs to the Foretop agent.`;

/**
 * The unit of the system's own manager: a user's manager and containers name units as they like, so those count for nothing.
 * Empty outside.
 */
export function systemUnit({
  controlGroup,
  containerId,
}: Pick<ProcessEvidence, 'controlGroup' | 'containerId'>): string {
  if (containerId !== '') return '';
  if (/^\/init\.scope$/.test(controlGroup)) return 'init.scope';
  const system = /^\/system\.slice\/(?:[^/]+\.slice\/)*([^/]+\.service)(?:\/|$)/.exec(controlGroup)?.[1];
  return system ?? /^\/user\.slice\/user-\d+\.slice\/(user@\d+\.service)\//.exec(controlGroup)?.[1] ?? '';
}

function isGuarded(process: ProcessEvidence, { program, folders, units, everywhere = false }: Guarded): boolean {
  const { executable, unit, containerId, isContainerOfHost } = process;
  const path = executable.path.replace(deleted, '');
  if (!program.test(basename(path))) return false;
  if (units.test(systemUnit(process))) return true;
  // Its package was replaced while it ran: the path leads to the new file, or to none.
  const isInPlace = executable.isHostFile || (deleted.test(executable.path) && executable.inHostMounts);
  // Seen from in a container, what runs in it is on the host, and its control group's name is the engine's.
  const isOnHost = isContainerOfHost || (containerId === '' && (everywhere || unit === ''));
  return isInPlace && folders.test(dirname(path)) && isOnHost;
}

/** Only root can have put the file there. */
function isRootsOwn({ executable: { uid, mode } }: ProcessEvidence): boolean {
  return uid === 0 && (mode & othersMayWrite) === 0;
}

function isOfAgent(process: ProcessEvidence): boolean {
  return systemUnit(process) === agentUnit;
}
