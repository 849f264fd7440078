// Tries the kernel engine, unless the configuration forbids it, and keeps why it is not there.
import type { EngineOptions, KernelEngine } from '../host/engine.ts';
import { messageOf } from '../host/host-error.ts';
import type { Scope } from '../host/scope.linux.ts';
import type { EngineChoice } from './collector.ts';

export type OpenEngine = (options: EngineOptions) => KernelEngine;

export interface EngineState {
  engine: KernelEngine | undefined;
  /** Why it is not there, and what would help; empty when it is. */
  refused: string;
  remedy: string;
}

/** Throws what the engine throws when the choice is `bpf`. */
export function startEngine(choice: EngineChoice, scope: Scope, open: OpenEngine): EngineState {
  if (choice === 'netlink') {
    const remedy = 'set the option --engine to auto';
    return { engine: undefined, refused: 'the configuration says to do without it', remedy };
  }
  try {
    return { engine: open({ scope }), refused: '', remedy: '' };
  } catch (error) {
    if (choice === 'bpf') throw error;
    const given = error instanceof Error && 'remedy' in error ? String(error.remedy) : '';
    const remedy = given || 'run the agent as root, or grant it CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON';
    return { engine: undefined, refused: messageOf(error), remedy };
  }
}
