// The commands under `foretop account`: people who sign in by name, made where the collector runs, also before it is reached.
import { type Command, Option } from 'commander';
import type { Role } from '../store/schema.ts';
import { accountCreate, accountList, accountPassword } from './accounts.ts';
import { CliError } from './cli-error.ts';
import { readPrivate } from './client.ts';
import { type LocalCommands, withTerminal } from './owner-commands.ts';
import type { Terminal } from './terminal.ts';

interface PasswordOptions {
  passwordFile?: string;
}

interface CreateOptions extends PasswordOptions {
  role: Role;
  label?: string[];
}

export function accountCommands<Options>(foretop: Command, { common, operate }: LocalCommands<Options>): void {
  const account = foretop.command('account').description('people who sign in to the dashboard by name and password');
  passwordFile(common(account.command('create')))
    .description('make an account')
    .argument('<name>', 'what they sign in as')
    .addOption(
      new Option('--role <role>', 'what they may do').choices(['viewer', 'operator', 'admin']).makeOptionMandatory(),
    )
    .option('--label <labels...>', 'only hosts with one of these labels; without, all hosts')
    .action((name: string, options: Options & CreateOptions) =>
      withTerminal(async (terminal) => {
        const person = { name, role: options.role, hostLabels: options.label ?? null };
        await operate(options, accountCreate({ ...person, password: await newPassword(name, options, terminal) }));
      }),
    );
  common(account.command('list'))
    .description('list accounts')
    .option('--json', 'as JSON', false)
    .action((options: Options & { json: boolean }) => operate(options, accountList(options.json)));
  passwordFile(common(account.command('password')))
    .description('give an account a new password, and end its sessions')
    .argument('<name>', 'as in the list')
    .action((name: string, options: Options & PasswordOptions) =>
      withTerminal(async (terminal) =>
        operate(options, accountPassword(name, await newPassword(name, options, terminal))),
      ),
    );
}

const passwordFile = (command: Command): Command =>
  command.option('--password-file <file>', 'holds the password, rather than typing it');

async function newPassword(name: string, { passwordFile: path }: PasswordOptions, terminal: Terminal): Promise<string> {
  if (path !== undefined) return (await readPrivate(path)).replace(/\r?\n$/, '');
  const password = await terminal.askHidden(`New password of ${name}: `);
  if ((await terminal.askHidden('Once more: ')) !== password)
    throw new CliError('usage', 'The two passwords are not the same.');
  return password;
}
