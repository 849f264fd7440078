// All subcommands of the agent, in the order in which its help shows them.
import type { Registration } from './command.ts';
import { registerReplay } from '../inspect/replay/command.ts';
import { registerAudit } from './audit.ts';
import { registerDoctor } from './doctor.ts';
import { registerInstall } from './install.ts';
import { registerLogs } from './logs.ts';
import { registerRun } from './run.ts';
import { registerStatus } from './status.ts';
import { registerUninstall } from './uninstall.ts';
import { registerVerify } from './verify.ts';

export const registrations: readonly Registration[] = [
  registerRun,
  registerStatus,
  registerAudit,
  registerInstall,
  registerUninstall,
  registerDoctor,
  registerLogs,
  registerVerify,
  registerReplay,
];
