// The arguments of the process that holds the connection: this same program with a subcommand that no help shows.
import { isRelease } from '../host/assets.ts';

export const workerCommand = 'network-worker';

/** First it gives up its rights, then it executes itself anew to hold the connection. */
export type WorkerStage = 'confine' | 'hold';

export interface WorkerArguments {
  stage: WorkerStage;
  /** What it is kept from. */
  dataDirectory: string;
  url: string;
}

export function commandLine({ stage, dataDirectory, url }: WorkerArguments): string[] {
  return [workerCommand, stage, dataDirectory, url];
}

/** `args`: what follows the subcommand. */
export function parseCommandLine([stage, dataDirectory = '', url = '']: string[]): WorkerArguments {
  return { stage: stage === 'hold' ? 'hold' : 'confine', dataDirectory, url };
}

/** Executes this program anew as the next stage, with the same options, environment and standard streams. */
export function executeStage(next: WorkerArguments): never {
  const program = isRelease ? [] : [...process.execArgv, process.argv[1]!];
  return process.execve!(process.execPath, [process.execPath, ...program, ...commandLine(next)]);
}
