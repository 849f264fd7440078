// What the wire and the tables number, in the words of observations; the same for the live stream and the history.
import type {
  ConnectionObservation,
  DnsObservation,
  ObservedProcess,
  Outcome,
  ScanObservation,
} from '../observation.ts';

/** By the numbers in facts.proto and record.proto. */
export const directions: readonly ConnectionObservation['direction'][] = [
  'unknown',
  'inbound',
  'outbound',
  'listening',
];
export const services: readonly DnsObservation['service'][] = ['dns', 'dns', 'mdns', 'llmnr'];
export const transports: readonly DnsObservation['transport'][] = ['udp', 'udp', 'tcp'];
export const roles: readonly DnsObservation['role'][] = ['client', 'client', 'server'];
export const scans: readonly ScanObservation['scan'][] = ['syn', 'syn', 'fin', 'null', 'xmas', 'udp', 'half-open'];
const nameSources: readonly ConnectionObservation['nameSource'][] = ['none', 'dns', 'sni', 'none'];

/** A name by reverse DNS says who owns an address, not what was meant: it does not count. */
export const nameSourceOf = (source: number): ConnectionObservation['nameSource'] => nameSources[source] ?? 'none';

/** Kernel states of include/net/tcp_states.h. */
const synSent = 2;
const synReceived = 3;
const closed = 7;
const listening = 10;

export interface Opening {
  protocol: number;
  state: number;
  receivedBytes: number | undefined;
  sentBytes: number | undefined;
  /** The kernel has one from the handshake on. */
  hasRtt: boolean;
}

/** A socket that closed shows only by what it carried whether it ever was established. */
export function outcomeOf({ protocol, state, receivedBytes, sentBytes, hasRtt }: Opening): Outcome {
  if (protocol !== 6) return (receivedBytes ?? 0) > 0 ? 'established' : 'unknown';
  if (state === synSent || state === synReceived) return 'attempted';
  if (state === listening) return 'unknown';
  if (state !== closed) return 'established';
  if (hasRtt || (receivedBytes ?? 0) > 0 || (sentBytes ?? 0) > 0) return 'established';
  return receivedBytes === undefined ? 'unknown' : 'attempted';
}

/** How Linux marks the path of a file that is gone (Documentation/filesystems/proc.rst, /proc/PID/exe). */
const goneMark = ' (deleted)';
export const isDeleted = (executable: string): boolean => executable.endsWith(goneMark);

/** A process of which only this is known. */
export function barely(id: string | undefined, pid: number, comm: string): ObservedProcess | undefined {
  if (pid === 0 && comm === '' && id === undefined) return undefined;
  return { id, pid, comm, executable: '', parentComm: '', user: '', unit: '', container: '' };
}

/** Busy share of all cores. */
export function cpuPermille(cpuUs: number, seconds: number, cpus: number): number {
  return seconds === 0 ? 0 : Math.round(cpuUs / (seconds * 1_000 * Math.max(1, cpus)));
}

const minuteUs = 60_000_000;

/** A minute is known when it is over. */
export const minuteEnd = (startUs: number): number => startUs + minuteUs;
