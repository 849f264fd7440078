// What the engine can do here, and for what it cannot: why, and what would raise it.
import type { EngineFeature } from '../../engine.ts';
import { HostError, messageOf } from '../../host-error.ts';
import { type Capability, ownCapabilities } from '../capabilities.ts';
import { featureNames } from './programs.ts';

export interface Refusal {
  reason: string;
  remedy: string;
}

/** The first refusal of each feature decides what is said about it. */
export class Features {
  readonly #refused = new Map<string, Refusal>();

  refuse(features: readonly string[], refusal: Refusal): void {
    for (const feature of features) if (!this.#refused.has(feature)) this.#refused.set(feature, refusal);
  }

  has(feature: string): boolean {
    return !this.#refused.has(feature);
  }

  first(): Refusal | undefined {
    return this.#refused.values().next().value;
  }

  list(): EngineFeature[] {
    return featureNames.map((name) => {
      const refusal = this.#refused.get(name);
      return { name, available: !refusal, reason: refusal?.reason ?? '', remedy: refusal?.remedy ?? '' };
    });
  }
}

export interface Surroundings {
  capabilities: ReadonlySet<Capability>;
  kernel: string;
}

export function readSurroundings(kernel: string): Surroundings {
  return { capabilities: ownCapabilities(), kernel };
}

/** What an error of loading or attaching means for the person who runs the agent. `needed` are the capabilities that it takes. */
export function explain(error: unknown, needed: readonly Capability[], surroundings: Surroundings): Refusal {
  const reason = messageOf(error);
  if (!(error instanceof HostError)) return { reason, remedy: '' };
  if (error.errno === 'EPERM' || error.errno === 'EACCES') {
    const missing = needed.filter((capability) => !holds(surroundings, capability));
    if (missing.length > 0)
      return {
        reason: `${missing.join(' and ')} missing (${reason})`,
        remedy: `run the agent as root, or grant it ${missing.join(' and ')}`,
      };
    if (error.errno === 'EPERM' && isOlder(surroundings.kernel, 5, 11)) return { reason, remedy: raiseLimit };
    if (error.errno === 'EPERM')
      return {
        reason,
        remedy: 'let the agent use bpf(2): a security module, a seccomp filter or the kernel’s lockdown forbids it',
      };
  }
  if (error.errno === 'ENOSYS')
    return { reason: `the kernel is built without BPF (${reason})`, remedy: 'use a kernel with CONFIG_BPF_SYSCALL' };
  if (isOlder(surroundings.kernel, 5, 10))
    return {
      reason: `Linux ${surroundings.kernel} is older than 5.10 (${reason})`,
      remedy: 'update the kernel to 5.10 or newer',
    };
  if (error.errno === 'ENOMEM') return { reason, remedy: raiseLimit };
  return { reason, remedy: '' };
}

const raiseLimit = 'raise the limit of locked memory (LimitMEMLOCK=infinity in the systemd unit)';

/** CAP_SYS_ADMIN stands for all that bpf(2) asks for, but not for packet sockets. */
function holds({ capabilities }: Surroundings, capability: Capability): boolean {
  return capabilities.has(capability) || (capability !== 'CAP_NET_RAW' && capabilities.has('CAP_SYS_ADMIN'));
}

function isOlder(kernel: string, major: number, minor: number): boolean {
  const [foundMajor = 0, foundMinor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return foundMajor < major || (foundMajor === major && foundMinor < minor);
}
