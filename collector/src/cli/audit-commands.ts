// The commands under `foretop audit` that work on the collector's own machine: their options.
import type { Command } from 'commander';
import { auditHeads, auditVerify } from './audit.ts';
import type { LocalCommands } from './owner-commands.ts';

export function auditCommands<Options>(foretop: Command, local: LocalCommands<Options>): Command {
  const { common, dataDir, operate } = local;
  const audit = foretop.command('audit').description('who changed what, over the API; or, on the collector itself:');
  common(audit.command('verify'))
    .description('check the chain, and that it holds every head that was kept elsewhere')
    .option('--heads <file...>', 'heads that a host, a command line or a person kept, one a line')
    .option('--json', 'as JSON', false)
    .action((options: Options & { heads?: string[]; json: boolean }) => {
      const { heads = [], json } = options;
      return operate(options, auditVerify({ heads, json, dataDir: dataDir(options) }));
    });
  common(audit.command('heads'))
    .description('print the head of the chain and the newest head of each host, one a line, to be kept elsewhere')
    .action((options: Options) => operate(options, auditHeads({ dataDir: dataDir(options) })));
  return audit;
}
