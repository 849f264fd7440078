// `foretop-agent uninstall`: takes the service off this host.
import { realpathSync } from 'node:fs';
import { uninstall } from '../service/uninstall.ts';
import { failWith, type Registration } from './command.ts';

export const registerUninstall: Registration = (program) => {
  program
    .command('uninstall')
    .description('Remove the service and all that belongs to it; needs root.')
    .option('--keep-data', 'keep key, spool and enrolment: a later installation is the same host again')
    .option('--dry-run', 'only say what would be done')
    .action(run);
};

async function run({ keepData = false, dryRun = false }: { keepData?: boolean; dryRun?: boolean }): Promise<void> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    await uninstall({ program: realpathSync(process.execPath), keepData, dryRun, say });
  } catch (error) {
    failWith(error);
  }
}
