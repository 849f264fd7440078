// `foretop-agent install`: makes this host's agent a service that starts with the host.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { capabilities, type Capability, type Signer, signers } from '@foretop/proto/trust';
import { InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { readEnvironment } from '../config/environment.ts';
import { ConfigError, parseRunConfig } from '../config/run-config.ts';
import { tiers, type WantedTier } from '../service/capabilities.ts';
import { install } from '../service/install.ts';
import { packagedProgram, type Places, placesOf } from '../service/places.ts';
import { ServiceError } from '../service/service-error.ts';
import { isLabel } from '../trust/policy-text.ts';
import { openEnrolment } from '../wire/enrolment.ts';
import { type AgentStatus, readStatus } from '../wire/status.ts';
import { failWith, readToken, type Registration } from './command.ts';

interface InstallFlags {
  collector?: string;
  tokenFile?: string;
  name?: string;
  insecure?: boolean;
  ca?: string;
  ceiling?: Capability;
  signer?: Signer;
  label?: string[];
  tier: WantedTier;
  otherNamespaces?: boolean;
  dryRun?: boolean;
}

const connectWaitMs = 20_000;

export const registerInstall: Registration = (program) => {
  program
    .command('install')
    .description('Make this agent a service (systemd): its files, its user, its unit; needs root and a release.')
    .option('--collector <url>', 'address of the collector; needed the first time')
    .option('--token-file <file>', 'file with the enrolment token, - for stdin; needed the first time')
    .option('--name <text>', "shown instead of the host's name")
    .option('--insecure', 'allow plain http to another machine')
    .option('--ca <file>', "certificate authority (PEM) that vouches for the collector, if the host's own do not")
    .addOption(
      new Option('--ceiling <level>', 'the most that this host ever allows; observe when nothing is said').choices(
        capabilities,
      ),
    )
    .addOption(
      new Option(
        '--signer <kind>',
        'the weakest signature that this host takes; passkey for ending when nothing is said',
      ).choices(signers),
    )
    .option('--label <key=value>', 'a label by which a roster may name this host; may be given again', label)
    .addOption(
      new Option('--tier <number>', 'the highest tier, for which capabilities are given: 1 eBPF, 2 netlink, 3 none')
        .choices(tiers)
        .default('1'),
    )
    .option('--other-namespaces', 'CAP_SYS_ADMIN too: look into the networks of containers without eBPF')
    .option('--dry-run', 'only say what would be done')
    .action(run);
};

async function run(flags: InstallFlags): Promise<void> {
  try {
    const say = (line: string) => void process.stdout.write(`${line}\n`);
    const program = realpathSync(process.execPath);
    const places = placesOf(program === packagedProgram);
    const config = configOf(flags, places);
    const token = await tokenOf(flags.tokenFile, places);
    const wasEnrolled = existsSync(places.enrolmentFile);
    await install({
      program,
      version: packageJson.version,
      config,
      token,
      authority: flags.ca === undefined ? undefined : readAuthority(flags.ca),
      ceiling: flags.ceiling,
      signer: flags.signer,
      labels: flags.label,
      tier: flags.tier,
      otherNamespaces: flags.otherNamespaces === true,
      dryRun: flags.dryRun === true,
      say,
    });
    if (flags.dryRun !== true) say(await connectionOf(places, wasEnrolled));
  } catch (error) {
    failWith(error);
  }
}

function label(text: string, before: string[] = []): string[] {
  if (!isLabel(text)) throw new InvalidArgumentError('A label such as env=prod is required.');
  return [...before, text];
}

/** The text of the configuration file, or undefined when the one that is there holds. Throws ConfigError, ServiceError. */
function configOf({ collector, name, insecure }: InstallFlags, places: Places): string | undefined {
  const given = { ...(collector && { collector }), ...(name && { name }), ...(insecure && { insecure }) };
  const isThere = existsSync(places.configFile);
  if (isThere && collector === undefined && name === undefined) return undefined;
  parseRunConfig(given, { ...readEnvironment(), variables: {} }, true);
  const text = `${JSON.stringify(given, null, 2)}\n`;
  if (!isThere || readFileSync(places.configFile, 'utf8') === text) return text;
  const present = readFileSync(places.configFile, 'utf8');
  if (present.includes(JSON.stringify(collector))) return undefined;
  throw new ServiceError(
    `This host is set up for another collector in ${places.configFile}. Edit that file and restart the service, or uninstall first.`,
  );
}

/** Throws ConfigError and AgentError for a token that cannot be used, or a host that needs one. */
async function tokenOf(file: string | undefined, places: Places): Promise<string | undefined> {
  const token = file === undefined ? undefined : await readToken(file);
  if (token === undefined && existsSync(places.tokenFile)) return undefined;
  openEnrolment(places.enrolmentFile, token);
  return existsSync(places.enrolmentFile) ? undefined : token?.text;
}

function readAuthority(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError([`The certificate authority cannot be read from '${file}': ${(cause as Error).message}`]);
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new ConfigError([`'${file}' holds no certificate in PEM.`]);
}

/** Waits a while for the collector; an agent that cannot reach it now goes on trying. */
async function connectionOf({ statusFile, enrolmentFile }: Places, wasEnrolled: boolean): Promise<string> {
  const startMs = Date.now();
  let last = 'the agent has not said anything yet';
  while (Date.now() - startMs < connectWaitMs) {
    await sleep(250);
    // A new host is enrolled by the collector's welcome, and that is known at once; the status is told every few seconds.
    const hostId = wasEnrolled ? undefined : enrolledAs(enrolmentFile);
    if (hostId !== undefined) return `✓ Connected: this is host ${hostId}.`;
    const status = statusSince(statusFile, startMs);
    if (status?.connection.state === 'connected') return `✓ Connected: this is host ${status.hostId}.`;
    if (status !== undefined)
      last = status.connection.state === 'waiting' ? status.connection.reason : status.connection.state;
  }
  return `The service runs, and is not connected yet: ${last}. It goes on trying; foretop-agent doctor tells more.`;
}

function enrolledAs(file: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { hostId?: number }).hostId;
  } catch {
    return undefined;
  }
}

/** undefined: none was written since. */
function statusSince(file: string, timeMs: number): AgentStatus | undefined {
  try {
    const status = readStatus(file);
    return Date.parse(status.writtenAt) >= timeMs ? status : undefined;
  } catch {
    return undefined;
  }
}
