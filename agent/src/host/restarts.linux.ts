// What will start a process again once it was ended: its systemd unit, its container, a line for cron. Says what it looked at.
import { readBounded } from './linux/procfs.ts';
import { cronLines } from './restarts-cron.linux.ts';
import { systemdRestart } from './restarts-systemd.linux.ts';
import type { ProcessEvidence, RestartFinding } from './targets.ts';

const configBytes = 64 << 10;

export async function findRestarts(process: ProcessEvidence): Promise<RestartFinding> {
  const findings = [await systemdRestart(process), containerRestart(process), cronLines(process)];
  return {
    by: findings
      .map(({ by }) => by)
      .filter(Boolean)
      .join('; '),
    checked: findings.flatMap(({ checked }) => checked),
  };
}

/** A container starts again with its first process; what ends in it beside that is the container's own affair. */
function containerRestart({ pid, containerRuntime, containerId }: ProcessEvidence): RestartFinding {
  if (containerId === '') return { by: '', checked: ['container: in none'] };
  const name = `${containerRuntime} container ${containerId.slice(0, 12)}`;
  if (!isFirstInItsNamespace(pid)) return { by: '', checked: [`${name}: not its first process`] };
  if (containerRuntime === 'docker') return dockerRestart(name, containerId);
  return { by: `${name}, as its own configuration says`, checked: [`${name}: its first process; policy not read`] };
}

function dockerRestart(name: string, id: string): RestartFinding {
  const text = readBounded(`/var/lib/docker/containers/${id}/hostconfig.json`, configBytes)?.toString('utf8');
  const policy = /"RestartPolicy":\{"Name":"([a-z-]{0,32})"/.exec(text ?? '')?.[1];
  if (policy === undefined)
    return { by: `${name}, as its own configuration says`, checked: [`${name}: policy not readable`] };
  const checked = [`${name}: restart policy ${policy || 'no'}`];
  return policy === '' || policy === 'no' ? { by: '', checked } : { by: `${name} (restart ${policy})`, checked };
}

/** The last number of NSpid is the one in the innermost PID namespace: proc_pid_status(5). */
function isFirstInItsNamespace(pid: number): boolean {
  const status = readBounded(`/proc/${pid}/status`, 4_096)?.toString('latin1') ?? '';
  return /^NSpid:.*\s1$/m.test(status);
}
