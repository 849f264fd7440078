// The command line of the agent. The only file that decides how the process ends.
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { exitCodes } from './command.ts';
import { registrations } from './registry.ts';

export function runProgram(): void {
  const program = new Command('foretop-agent')
    .description('Shows the connections of this host to a Foretop collector.')
    .version(packageJson.version)
    .exitOverride();
  for (const register of registrations) register(program);
  void program.parseAsync().catch((error: unknown) => {
    // Help, version and usage errors, which commander has printed.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? exitCodes.stopped : exitCodes.config;
  });
}
