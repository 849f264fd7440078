// The collector's contract: one look a second at everything, and a cheap one at bandwidth in between.
import type { HostFacts, Source } from '@foretop/proto';
import type { Logger } from 'pino';
import type { Clock } from '../host/clock.ts';
import type { PayloadKind } from '../host/engine.ts';
import { openLinuxCollector } from './linux-collector.ts';
import { openPortableCollector } from './portable-collector.ts';
import type { Tick, TrackedConnection } from './tick.ts';

export interface BandwidthReading {
  boottimeUs: number;
  /** Bytes a second since the previous call, over the interfaces that count for the host. */
  rxRate: number;
  txRate: number;
  loopbackRate: number;
}

export type EngineChoice = 'auto' | 'bpf' | 'netlink';

/** What of packets' payloads is read; what is off costs nothing. */
export type Inspected = Readonly<Record<PayloadKind, boolean>>;

export interface HostCollector extends Disposable {
  readonly clock: Clock;
  /** 16 bytes: /proc/sys/kernel/random/boot_id on Linux, else what comes nearest to it. */
  readonly bootId: Uint8Array;
  /** SHA-256 of the machine's id, 32 bytes. */
  readonly machineId: Uint8Array;
  readonly tier: number;
  /** `machine` in the initial namespaces, else `namespace`: only this network namespace is seen. */
  readonly scope: 'machine' | 'namespace';
  facts(): HostFacts;
  /** Each place that is read, whether it works, what is limited and what would raise it. */
  sources(): Source[];
  /** The full look; once a second. `watched`: somebody looks at the tables. Never throws for a failed source: see Tick.failures. */
  tick(watched?: boolean): Tick;
  /**
   * Between two looks: the connections that are open now. What began since the last look is there, but not all that is known of
   * it. undefined where nothing tells so cheaply, or there are too many.
   */
  glance(): ReadonlyMap<number, TrackedConnection> | undefined;
  /** Interface counters only; up to 10 times a second. */
  bandwidth(): BandwidthReading;
  /** Everything is read until this says otherwise. */
  inspect(what: Inspected): void;
  /** Memory is short: gives back what can be given back, which costs some 50 ms of CPU; called again soon, lets the tables grow no more. */
  relieve(): void;
}

export interface HostCollectorOptions {
  log: Logger;
  /** Shown instead of the host name. */
  name?: string;
  /** Polling readers even where there is better. */
  tier?: 'portable';
  /** `bpf`: the kernel engine or nothing; `netlink`: without it, even where it would work. */
  engine?: EngineChoice;
  /** Bounds the tables so that the agent stays within it. */
  memoryLimitBytes?: number;
  /** They do not leave the host. */
  hideCommandLines?: boolean;
}

/** Opens what this platform offers. Throws HostError `libc-missing`, `unreadable`. */
export function openHostCollector(options: HostCollectorOptions): HostCollector {
  const linux = process.platform === 'linux' && options.tier !== 'portable';
  return linux ? openLinuxCollector(options) : openPortableCollector(options);
}
