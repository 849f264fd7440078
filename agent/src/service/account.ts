// The user that the service runs as.
import { command, tryCommand } from './command.ts';
import type { Owner } from './files.ts';
import { account } from './places.ts';
import { ServiceError } from './service-error.ts';
import type { Step } from './steps.ts';

/** undefined: there is no such user. */
export function findAccount(): Owner | undefined {
  const { status, stdout } = tryCommand('getent', 'passwd', account);
  const match = /^[^:]*:[^:]*:(\d+):(\d+):/.exec(stdout);
  return status === 0 && match ? { uid: Number(match[1]), gid: Number(match[2]) } : undefined;
}

/** Throws ServiceError when there is none. */
export function accountOwner(): Owner {
  const owner = findAccount();
  if (owner) return owner;
  throw new ServiceError(`There is no user '${account}'.`);
}

export function addAccount(): Step {
  return {
    text: `Add the user ${account}`,
    isDone: () => findAccount() !== undefined,
    run() {
      const home = ['--home-dir', '/nonexistent', '--no-create-home', '--shell', '/usr/sbin/nologin'];
      command('useradd', '--system', '--user-group', '--comment', 'Foretop agent', ...home, account);
      return { undo: removeAccount };
    },
  };
}

export function removeAccount(): void {
  if (findAccount()) command('userdel', account);
}
