// Turns what the host tells of a process into what an offer says of it: bounded, for a person to read and a key to sign.
import type { OfferedProcess } from '@foretop/proto/trust';
import type { ProcessEvidence, TargetHost } from '../host/targets.ts';

const nameLength = 255;
const pathLength = 1_024;
/** Seconds of the year 9999. */
const latest = 253_402_300_799;

export type HostClocks = Pick<TargetHost, 'clock' | 'clockTicks'>;

/** Cut to what a statement takes, and still well-formed. */
export function textOf(text: string, most: number): string {
  return text.slice(0, most).toWellFormed();
}

export function offeredProcess(
  { pid, startTicks, name, executable, user, commandLine }: ProcessEvidence,
  host: HostClocks,
  commandLineLength: number,
): OfferedProcess {
  return {
    pid,
    startTicks: String(startTicks),
    startedAt: startedAt(startTicks, host),
    name: textOf(name, nameLength),
    executable: textOf(executable.path, pathLength),
    sha256: executable.sha256,
    device: executable.device,
    inode: executable.inode,
    user: textOf(user, nameLength),
    commandLine: textOf(commandLine, commandLineLength),
  };
}

/** Microseconds since boot. */
export function startedUs(startTicks: number, { clockTicks }: HostClocks): number {
  return (startTicks / clockTicks) * 1e6;
}

/** Seconds since the Unix epoch as a statement takes them, whatever the host's clock says. */
export function wallSeconds({ clock }: Pick<TargetHost, 'clock'>): number {
  return secondsOf(clock.wallUs());
}

function startedAt(startTicks: number, host: HostClocks): number {
  return secondsOf(host.clock.wallUs() - host.clock.boottimeUs() + startedUs(startTicks, host));
}

function secondsOf(us: number): number {
  return Math.min(latest, Math.max(0, Math.floor(us / 1e6)));
}
