// Makes this executable a service of the host: files, user, unit, start; or takes all of it back.
import { existsSync, readFileSync } from 'node:fs';
import { isRelease, readAsset } from '../host/assets.ts';
import type { Policy } from '../trust/policy.ts';
import { readPolicy } from '../trust/policy-file.ts';
import { policyText } from '../trust/policy-text.ts';
import { accountOwner, addAccount } from './account.ts';
import { capabilitiesIn, type Grant, wantedCapabilities } from './capabilities.ts';
import { settledPolicy, type WantedPolicy } from './ceiling.ts';
import { command, tryCommand } from './command.ts';
import { placeFile, placeFolder } from './files.ts';
import { packagedProgram, type Places, placesOf, unitName } from './places.ts';
import { ServiceError } from './service-error.ts';
import { runSteps, type Step } from './steps.ts';
import { unitText } from './unit.ts';
import { refuseOlderProgram } from './version.ts';

export interface InstallOptions extends WantedPolicy {
  /** This executable and its version. */
  program: string;
  version: string;
  /** The text of the configuration file; undefined keeps the one that is there. */
  config: string | undefined;
  /** The enrolment token; undefined for a host that is enrolled. */
  token: string | undefined;
  /** PEM of a certificate authority of one's own; undefined keeps what is there. */
  authority: string | undefined;
  tier: Grant['tier'];
  otherNamespaces: boolean;
  dryRun: boolean;
  say(line: string): void;
}

/** Throws ServiceError, with everything as it was before. @returns the places of the installation. */
export async function install(options: InstallOptions): Promise<Places> {
  const { say, dryRun } = options;
  requireHost();
  const isPackaged = options.program === packagedProgram;
  const places = placesOf(isPackaged);
  if (!isPackaged) refuseBesidePackage();
  refuseOlderProgram(places.program, options.program, options.version);
  const policy = settledPolicy(readPolicy(places.ceilingFile), options, places.ceilingFile);
  const ceiling = policy.allow;
  const capabilities = grantable({ ...options, ceiling }, say);
  const ownAuthority = options.authority !== undefined || existsSync(places.certificates);
  const unit = unitText({ places, ceiling, capabilities, ownAuthority });
  const files = [...programSteps(places, options, isPackaged), ...settingSteps(places, options, policy)];
  const wasActive = asks('is-active');
  try {
    const changed = await runSteps([...files, addUnit(places, unit), startService()], { dryRun, say });
    if (changed === 0) say('Everything is as it should be.');
  } catch (error) {
    if (wasActive) tryCommand('systemctl', 'restart', unitName); // with the files that are back in their places
    throw error;
  }
  return places;
}

function requireHost(): void {
  if (process.platform !== 'linux' || !existsSync('/run/systemd/system')) {
    throw new ServiceError(
      'This host does not run systemd, which is what the service is made for. Start the agent with your own supervisor: foretop-agent run --help',
    );
  }
  if (process.getuid?.() !== 0)
    throw new ServiceError('Installing takes root. Try again with: sudo foretop-agent install');
  if (!isRelease)
    throw new ServiceError(
      'This is the source of the agent; a service is made from a release. Build one with: npm run release',
    );
}

function refuseBesidePackage(): void {
  if (!existsSync(packagedProgram)) return;
  throw new ServiceError(
    `A package of this host has installed ${packagedProgram}. Upgrade that package, and use: ${packagedProgram} install`,
  );
}

/** Where a container or the kernel withholds some, systemd would refuse to start the service; the agent goes a tier lower. */
function grantable(grant: Grant, say: (line: string) => void) {
  const wanted = wantedCapabilities(grant);
  const given = capabilitiesIn(readFileSync('/proc/1/status', 'utf8'), 'CapBnd', wanted);
  const withheld = wanted.filter((name) => !given.includes(name));
  if (withheld.length > 0) say(`  This host gives no ${withheld.join(', ')}; the agent sees less without.`);
  return given;
}

function programSteps(places: Places, { program }: InstallOptions, isPackaged: boolean): Step[] {
  if (isPackaged) return [];
  return [
    placeFolder(places.library, 0o755),
    placeFile({ path: places.nativeModule, content: readAsset('koffi.node'), mode: 0o644 }),
    placeFile({ path: places.program, content: readFileSync(program), mode: 0o755 }),
  ];
}

function settingSteps(places: Places, { config, token, authority }: InstallOptions, policy: Policy): Step[] {
  const steps = [
    addAccount(),
    placeFolder(places.configuration, 0o755),
    placeFolder(places.data, 0o700, accountOwner),
    placePolicy(places.ceilingFile, policy),
  ];
  if (config !== undefined) steps.push(placeFile({ path: places.configFile, content: config, mode: 0o644 }));
  if (authority !== undefined) steps.push(placeFile({ path: places.certificates, content: authority, mode: 0o644 }));
  if (token !== undefined)
    steps.push(placeFile({ path: places.tokenFile, content: `${token}\n`, mode: 0o600, owner: accountOwner }));
  return steps;
}

/** One that says the same stays as somebody wrote it. */
function placePolicy(path: string, policy: Policy): Step {
  const step = placeFile({ path, content: policyText(policy), mode: 0o644 });
  const isSaid = () => {
    const present = readPolicy(path);
    return present.exists && policyText(present) === policyText(policy);
  };
  return { ...step, isDone: (changed) => step.isDone(changed) || isSaid() };
}

function addUnit(places: Places, text: string): Step {
  const file = placeFile({ path: places.unit, content: text, mode: 0o644 });
  return {
    ...file,
    async run() {
      const { undo, settle } = await file.run();
      const back = () => {
        undo();
        tryCommand('systemctl', 'daemon-reload');
      };
      try {
        command('systemctl', 'daemon-reload');
      } catch (error) {
        back();
        throw error;
      }
      return { undo: back, ...(settle && { settle }) };
    },
  };
}

/** Starts it, or starts it anew with what has changed; systemd waits for its first look at the host. */
function startService(): Step {
  const isEnabled = () => asks('is-enabled');
  return {
    text: `Enable and start ${unitName}`,
    isDone: (changed) => changed === 0 && isEnabled() && asks('is-active'),
    run() {
      const wasEnabled = isEnabled();
      const undo = () => {
        tryCommand('systemctl', 'stop', unitName);
        if (!wasEnabled) tryCommand('systemctl', 'disable', '--quiet', unitName);
      };
      try {
        command('systemctl', 'enable', '--quiet', unitName);
        command('systemctl', 'restart', unitName);
      } catch (cause) {
        undo();
        throw new ServiceError(`The service did not start. ${messageOf(cause)}\nIts last words:\n${lastWords()}`, {
          cause,
        });
      }
      return { undo };
    },
  };
}

const asks = (question: 'is-active' | 'is-enabled') =>
  tryCommand('systemctl', question, '--quiet', unitName).status === 0;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function lastWords(): string {
  return tryCommand('journalctl', '--unit', unitName, '--lines', '10', '--output', 'cat', '--no-pager').stdout;
}
