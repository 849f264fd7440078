// The set of readers that one system offers, and what it cannot tell.
import type { Reader } from './poller.ts';
import type { FlowRow, InterfaceRow, MemoryRow, ProcessRow, SocketRow } from './readings.ts';
import { readInterfaces, readMemory, readProcesses, readSockets } from './systeminformation.ts';

/** What is missing of a source and what would bring it; empty texts when nothing is. */
export interface Limit {
  reason: string;
  remedy: string;
}

export interface PortableReaders extends Disposable {
  /** "macOS 15.1", for the host's page. */
  readonly os: string;
  /** The system's own id of the machine; undefined when it could not be read. */
  readonly machineId: string | undefined;
  /** The system's own id of the boot, 16 bytes; undefined where there is none. */
  readonly bootId: Uint8Array | undefined;
  readonly sockets: Reader<SocketRow[]>;
  readonly processes: Reader<ProcessRow[]>;
  readonly interfaces: Reader<InterfaceRow[]>;
  readonly memory: Reader<MemoryRow>;
  /** Bytes by flow, where the system tells them. */
  readonly flows: Reader<FlowRow[]> | undefined;
  /** By the names of sources. */
  limits(): Readonly<Record<'sockets' | 'owners' | 'bytes' | 'processes' | 'interfaces' | 'host', Limit>>;
}

export const NO_LIMIT: Limit = { reason: '', remedy: '' };
export const READ_TIMEOUT_MS = 15_000;

/** What systeminformation gives on any system it knows. */
export function genericReaders(os: string, machineId: string | undefined): PortableReaders {
  const timeoutMs = READ_TIMEOUT_MS;
  return {
    os,
    machineId,
    bootId: undefined,
    sockets: { name: 'sockets', everyMs: 2_000, timeoutMs, read: readSockets },
    processes: { name: 'processes', everyMs: 5_000, timeoutMs, read: readProcesses },
    interfaces: { name: 'interfaces', everyMs: 2_000, timeoutMs, read: readInterfaces },
    memory: { name: 'host', everyMs: 5_000, timeoutMs, read: readMemory },
    flows: undefined,
    limits: () => ({
      sockets: { reason: 'UDP sockets without a peer are not listed', remedy: '' },
      owners: {
        reason: 'only connections of processes that the agent’s user may see have a process',
        remedy: 'run the agent as root',
      },
      bytes: { reason: 'this system tells no bytes by connection or process', remedy: '' },
      processes: { reason: 'start times are exact to a second; descriptors and threads are not counted', remedy: '' },
      interfaces: { reason: 'packets are not counted', remedy: '' },
      host: NO_LIMIT,
    }),
    [Symbol.dispose]: () => {},
  };
}
