// Takes the service off the host: nothing stays but, on request, what the agent knows and who it is.
import { existsSync, rmSync } from 'node:fs';
import { findAccount, removeAccount } from './account.ts';
import { command, tryCommand } from './command.ts';
import { account, packagedProgram, placesOf, unitName } from './places.ts';
import { ServiceError } from './service-error.ts';
import { runSteps, type Step } from './steps.ts';

export interface UninstallOptions {
  program: string;
  /** Keeps key, spool and enrolment, and the user that owns them, for a later installation. */
  keepData: boolean;
  dryRun: boolean;
  say(line: string): void;
}

/** Throws ServiceError. Steps that are done stay done: running it again goes on where it ended. */
export async function uninstall({ program, keepData, dryRun, say }: UninstallOptions): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new ServiceError('Uninstalling takes root. Try again with: sudo foretop-agent uninstall');
  const isPackaged = program === packagedProgram;
  const places = placesOf(isPackaged);
  const own = isPackaged ? [] : [removePath(places.library), removePath(places.program)];
  const data = keepData ? [] : [removePath(places.data), removePath(places.configuration), dropAccount()];
  const changed = await runSteps([stopService(places.unit), removeUnit(places.unit), ...data, ...own], { dryRun, say });
  if (changed === 0) say('Nothing of the agent is on this host.');
  if (keepData) say(`  ${places.data} and ${places.configuration} are kept.`);
  if (isPackaged) say('  The program belongs to a package: remove it with the package manager.');
}

const noWayBack = { undo: () => undefined };

function removePath(path: string): Step {
  return {
    text: `Remove ${path}`,
    isDone: () => !existsSync(path),
    run() {
      rmSync(path, { recursive: true });
      return noWayBack;
    },
  };
}

function stopService(unit: string): Step {
  return {
    text: `Stop and disable ${unitName}`,
    isDone: () => !existsSync(unit),
    run() {
      command('systemctl', 'disable', '--now', '--quiet', unitName);
      return noWayBack;
    },
  };
}

function removeUnit(unit: string): Step {
  const file = removePath(unit);
  return {
    ...file,
    run() {
      rmSync(unit);
      rmSync(`${unit}.d`, { recursive: true, force: true }); // drop-ins of systemctl edit
      tryCommand('systemctl', 'daemon-reload');
      tryCommand('systemctl', 'reset-failed', unitName);
      return noWayBack;
    },
  };
}

function dropAccount(): Step {
  return {
    text: `Remove the user ${account}`,
    isDone: () => findAccount() === undefined,
    run() {
      removeAccount();
      return noWayBack;
    },
  };
}
