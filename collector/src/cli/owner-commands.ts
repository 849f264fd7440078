// The commands under `foretop owner`: their options, and what each does with them.
import type { Command } from 'commander';
import type { Operation } from '../serve/operate.ts';
import { readKeyFile } from '../trust/key-file.ts';
import { ownerKeyPath } from '../trust/owner-keys.ts';
import { CliError } from './cli-error.ts';
import {
  type ChangeOptions,
  ownerBeginAnew,
  ownerChange,
  ownerPublish,
  ownerRoster,
  ownerSign,
  ownerStatus,
} from './owner.ts';
import { newPassphrase, openPassphrase, type PassphraseOptions } from './passphrases.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** Options that commands on the collector's machine have in common, and how they reach its database. */
export interface LocalCommands<Options> {
  common(command: Command): Command;
  dataDir(options: Options): string;
  operate(options: Options, operation: Operation): Promise<void>;
}

interface ChangeFlags extends PassphraseOptions {
  recoveryKey?: string;
  out?: string;
}

export function ownerCommands<Options>(foretop: Command, local: LocalCommands<Options>): void {
  const { common, dataDir, operate } = local;
  const owner = foretop
    .command('owner')
    .description('the owner key, which signs who may sign commands; see docs/trust.md');

  common(owner.command('status'))
    .description('where the owner and recovery key are, and until when the roster holds')
    .option('--json', 'as JSON', false)
    .action((options: Options & { json: boolean }) => operate(options, ownerStatus(dataDir(options), options.json)));

  const change = async (options: Options & ChangeFlags, terminal: Terminal): Promise<void> => {
    const { recoveryKey, out } = options;
    const wanted: ChangeOptions = {
      dataDir: dataDir(options),
      recoveryKey,
      openRecovery: openPassphrase({}, terminal),
      out: out === undefined ? undefined : { path: out, passphrase: await newPassphrase(options, terminal) },
    };
    await operate(options, ownerChange(wanted));
  };
  changeOptions(common(owner.command('offline')))
    .description('make a new owner key in a file for another machine, and none stays with the collector')
    .requiredOption('--out <file>', 'where the new owner key goes')
    .action((options: Options & ChangeFlags) => withTerminal((terminal) => change(options, terminal)));
  changeOptions(common(owner.command('rotate')))
    .description('make a new owner key in place of the one that is with the collector')
    .action((options: Options & ChangeFlags) =>
      withTerminal(async (terminal) => {
        const current = await readKeyFile(ownerKeyPath(dataDir(options)), 'owner');
        if (current === undefined)
          throw new CliError(
            'usage',
            'The owner key is not with the collector. Replace it with: foretop owner recover',
          );
        await change(options, terminal);
      }),
    );
  changeOptions(common(owner.command('recover')))
    .description('make a new owner key after the old one was lost or stolen')
    .option('--out <file>', 'where the new owner key goes; without, it stays with the collector')
    .action((options: Options & ChangeFlags) => withTerminal((terminal) => change(options, terminal)));

  common(owner.command('begin-anew'))
    .description('make a new owner and a new recovery key; every host has to be enrolled again')
    .action((options: Options) =>
      withTerminal(async (terminal) => {
        const typed = await terminal.ask(
          'Every host will refuse commands until it is enrolled again. Type "begin anew": ',
        );
        if (typed !== 'begin anew') throw new CliError('usage', 'Not confirmed. Nothing was changed.');
        await operate(options, ownerBeginAnew(dataDir(options)));
      }),
    );
  common(owner.command('roster'))
    .description('print what the owner key has to sign')
    .option('--out <file>', 'write it to a new file')
    .action((options: Options & { out?: string }) => operate(options, ownerRoster(dataDir(options), options.out)));
  passphraseFile(owner.command('sign'))
    .description('sign a roster where the owner key is; needs no collector')
    .requiredOption('--roster <file>', 'what foretop owner roster or the dashboard gave')
    .requiredOption('--key <file>', 'the owner key')
    .option('--out <file>', 'write it to a new file')
    .action((options: PassphraseOptions & { roster: string; key: string; out?: string }) =>
      withTerminal(async (terminal) => {
        const key = await readKeyFile(options.key, 'owner', openPassphrase(options, terminal));
        if (key === undefined) throw new CliError('usage', `'${options.key}' is not there.`);
        await ownerSign({ roster: options.roster, key, out: options.out, nowMs: Date.now() }, terminal);
      }),
    );
  common(owner.command('publish'))
    .description('put a roster in force that was signed elsewhere')
    .argument('<file>', 'what foretop owner sign gave')
    .action((path: string, options: Options) => operate(options, ownerPublish(path)));
}

function changeOptions(command: Command): Command {
  return passphraseFile(command)
    .option('--no-passphrase', 'leave the key in the file of --out unsealed')
    .option('--recovery-key <file>', 'the recovery key; without, the one that still is in the data directory');
}

export const passphraseFile = (command: Command): Command =>
  command.option('--passphrase-file <file>', 'holds the passphrase of the key, rather than typing it');

/** A terminal for the time of one command. */
export async function withTerminal(work: (terminal: Terminal) => Promise<void>): Promise<void> {
  const terminal = processTerminal();
  try {
    await work(terminal);
  } finally {
    terminal.close();
  }
}
