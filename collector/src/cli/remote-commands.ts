// Commands that talk to a collector over its API, from wherever an operator sits: lists, asking, approving.
import { type Command, Option } from 'commander';
import { readKeyFile } from '../trust/key-file.ts';
import { approve, listQueued } from './approve.ts';
import { makeApproveKey } from './approve-key.ts';
import { CliError } from './cli-error.ts';
import { type Client, openClient, type RemoteOptions, standardServer } from './client.ts';
import { type Filters, listAudit, listConnections, listHosts, type ListOptions } from './lists.ts';
import { passphraseFile, withTerminal } from './owner-commands.ts';
import { newPassphrase, openPassphrase, type PassphraseOptions } from './passphrases.ts';
import { placesOf } from './places.ts';
import { signIn, type SignInOptions, signOut } from './sign-in.ts';
import { toolCommands } from './tool-commands.ts';
import { queueTermination } from './terminate.ts';
import type { Terminal } from './terminal.ts';
import { wholeNumber } from './whole-number.ts';

type KeyOptions = RemoteOptions & PassphraseOptions & { key?: string; json: boolean };

/** `hosts` and `audit` are commands whose subcommands work on the collector's own machine. */
export function remoteCommands(
  foretop: Command,
  { hosts, audit }: { hosts: Command; audit: Command },
  variables: Readonly<Record<string, string | undefined>>,
): void {
  const places = placesOf(variables);
  const connected = (options: RemoteOptions, work: (client: Client, terminal: Terminal) => Promise<void>) =>
    withTerminal(async (terminal) => work(await openClient(options, places), terminal));

  foretop
    .command('sign-in')
    .description('sign in to a collector, for the commands below')
    .requiredOption('--server <url>', 'https://HOST, or http://localhost:PORT')
    .requiredOption('--name <name>', "the account's name")
    .option('--password-file <file>', 'holds the password, rather than typing it')
    .action((options: SignInOptions) => withTerminal((terminal) => signIn(options, places, terminal)));
  foretop
    .command('sign-out')
    .description('end that session')
    .action(() => withTerminal((terminal) => signOut(places, terminal)));

  listing(remote(hosts.enablePositionalOptions()), hostFilters).action(
    (options: RemoteOptions & ListOptions & Filters) =>
      connected(options, (client, terminal) => listHosts(client, chosen(options, hostFilters), options, terminal)),
  );
  listing(remote(audit.enablePositionalOptions()), auditFilters).action(
    (options: RemoteOptions & ListOptions & Filters) =>
      connected(options, (client, terminal) => listAudit(client, chosen(options, auditFilters), options, terminal)),
  );
  listing(remote(foretop.command('connections')), connectionFilters)
    .description('list connections of all hosts: now, at an instant, or within a span')
    .action((options: RemoteOptions & ListOptions & Filters) =>
      connected(options, (client, terminal) =>
        listConnections(client, chosen(options, connectionFilters), options, terminal),
      ),
    );

  const sign = async (client: Client, requestId: string, options: KeyOptions, terminal: Terminal): Promise<void> => {
    const path = options.key ?? places.approveKey;
    const key = await readKeyFile(path, 'approve', openPassphrase(options, terminal));
    if (key === undefined)
      throw new CliError('usage', `'${path}' is not there. Make a key with: foretop approve keygen`);
    const { knownHosts, heads } = places;
    await approve(requestId, { client, key, knownHosts, heads, terminal, json: options.json });
  };

  keyed(remote(foretop.command('terminate')))
    .description('ask for a process to be ended; it waits 15 minutes for a signature')
    .argument('<host>', 'its name or number')
    .argument('<pid>', 'the process', wholeNumber(1, 2 ** 32 - 1))
    .option('--tree', 'with all its descendants', false)
    .option('--sign', 'sign it now, here, with the approve key', false)
    .option('--json', 'the outcome as JSON', false)
    .action((host: string, pid: number, options: KeyOptions & { tree: boolean; sign: boolean }) =>
      connected(options, async (client, terminal) => {
        const { requestId, summary } = await queueTermination(client, { host, pid, tree: options.tree });
        if (options.sign) return sign(client, requestId, options, terminal);
        terminal.print(requestId);
        terminal.note(`It waits for a signature: foretop approve ${requestId}, or the dashboard. ${summary}`);
      }),
    );

  toolCommands(foretop, places, (command) => keyed(remote(command)));

  const approving = keyed(remote(foretop.command('approve').enablePositionalOptions()))
    .description('what waits for a signature; with a request: show what the host offers, and sign it')
    .argument('[request]', 'as in the list')
    .option('--json', 'as JSON', false)
    .action((requestId: string | undefined, options: KeyOptions) =>
      connected(options, (client, terminal) =>
        requestId === undefined
          ? listQueued(client, options.json, terminal)
          : sign(client, requestId, options, terminal),
      ),
    );
  keyed(remote(approving.command('keygen')))
    .description('make a key of your own on this machine and register it')
    .option('--name <name>', 'what the key is called', 'approve')
    .option('--no-passphrase', 'leave the key unsealed')
    .action((options: KeyOptions & { name: string }) =>
      connected(options, async (client, terminal) => {
        const passphrase = await newPassphrase(options, terminal);
        await makeApproveKey(
          client,
          { path: options.key ?? places.approveKey, name: options.name, passphrase },
          terminal,
        );
      }),
    );
}

const remote = (command: Command): Command =>
  command
    .option('--server <url>', `the collector, when a token is used (${standardServer} unless given)`)
    .option('--token-file <file>', 'holds an API token; without, whoever ran foretop sign-in');

const keyed = (command: Command): Command =>
  passphraseFile(command).option('--key <file>', 'your approve key (~/.config/foretop/approve-key.json unless given)');

const hostFilters = { status: 'live, stale, offline or revoked', sort: 'a column, with - before it for descending' };
const auditFilters = {
  actor: 'who: "account NAME", "token NUMBER", "host NUMBER"',
  action: 'such as command.sign, or command.* for all of them',
  host: 'a number: what was about that host',
  outcome: 'done, refused or failed',
  q: 'words that all stand somewhere in it',
  from: 'where a span begins (RFC 3339)',
  to: 'where it ends',
};
const connectionFilters = {
  host: 'names or numbers of hosts',
  process: 'names in which * stands for anything, or pids',
  state: 'states such as ESTABLISHED',
  direction: 'inbound, outbound or listen',
  protocol: 'tcp or udp',
  unit: 'systemd units',
  container: 'beginnings of container ids, or a runtime',
  address: 'addresses or networks, at either end',
  port: 'ports or ranges, at either end',
  q: 'words that all stand somewhere in the row',
  at: 'as it was at this instant (RFC 3339)',
  from: 'where a span begins (RFC 3339)',
  to: 'where a span ends',
  sort: 'a column, with - before it for descending',
};

function listing(command: Command, filters: Record<string, string>): Command {
  for (const [name, text] of Object.entries(filters)) command.addOption(new Option(`--${name} <value>`, text));
  return command
    .option('--limit <number>', 'rows at most', wholeNumber(1, 1_000_000), 100)
    .option('--json', 'as JSON', false);
}

const chosen = (options: Filters, filters: Record<string, string>): Filters =>
  Object.fromEntries(Object.keys(filters).map((name) => [name, options[name]]));
