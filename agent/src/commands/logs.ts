// `foretop-agent logs`: what the service wrote into the journal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { InvalidArgumentError } from 'commander';
import { unitName } from '../service/places.ts';
import { exitCodes, fail, type Registration } from './command.ts';

export const registerLogs: Registration = (program) => {
  program
    .command('logs')
    .description('Show what the service has logged.')
    .option('-f, --follow', 'go on with what comes, until Ctrl+C')
    .option('-n, --lines <number>', 'how many of the last lines', lineCount, 100)
    .action(run);
};

/** systemd's own. */
const reader = 'journalctl';

async function run({ follow = false, lines }: { follow?: boolean; lines: number }): Promise<void> {
  const args = ['--unit', unitName, '--lines', String(lines), '--output', 'cat', '--no-pager'];
  // Ctrl+C reaches journalctl by itself; this process ends with it.
  process.on('SIGINT', () => undefined);
  const journal = spawn(reader, follow ? [...args, '--follow'] : args, { stdio: 'inherit' });
  try {
    const [code] = (await once(journal, 'close')) as [number | null];
    process.exitCode = follow || code === 0 ? exitCodes.stopped : exitCodes.failed;
  } catch (error) {
    fail(exitCodes.failed, `The journal cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function lineCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number of lines is required.');
}
