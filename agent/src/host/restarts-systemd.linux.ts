// Whether systemd starts a unit again when its process ends: as systemctl says, else as the unit's files say.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readText } from './linux/procfs.ts';
import type { ProcessEvidence, RestartFinding } from './targets.ts';

/** In the order in which systemd prefers them: systemd.unit(5). */
const unitFolders = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
const tools = ['/usr/bin/systemctl', '/bin/systemctl'];
const properties = 'LoadState,Restart,MainPID,TriggeredBy';
const timeoutMs = 2_000;
const unitForm = /^[\w@:.\\-]{1,255}\.service$/;

const none = (...checked: string[]): RestartFinding => ({ by: '', checked });

/** `folders` are systemd's own but in tests. */
export async function systemdRestart(
  { pid, unit, controlGroup }: Pick<ProcessEvidence, 'pid' | 'unit' | 'controlGroup'>,
  folders: readonly string[] = unitFolders,
): Promise<RestartFinding> {
  if (unit === '') return none('systemd: in no unit');
  if (!unitForm.test(unit)) return none(`systemd: ${unit} is no service`);
  if (/\/user@\d+\.service\//.test(controlGroup))
    return { by: '', checked: [`systemd: ${unit} is a user's own unit, which was not read`] };
  const shown = (await show(unit)) ?? readFiles(unit, folders);
  if (shown === undefined) return none(`systemd: nothing found about ${unit}`);
  return judge(unit, pid, shown);
}

interface Shown {
  restart: string;
  /** 0 = not known. */
  mainPid: number;
  triggers: string;
  from: string;
}

function judge(unit: string, pid: number, { restart, mainPid, triggers, from }: Shown): RestartFinding {
  const isMain = mainPid === 0 || mainPid === pid;
  const whose = isMain ? '' : `, of its main process ${mainPid}`;
  const checked = [`systemd: ${unit}, Restart=${restart}${whose} (${from})`];
  if (triggers !== '') checked.push(`systemd: ${unit} is started by ${triggers}`);
  const by = [
    isMain && restart !== 'no' ? `unit ${unit} (Restart=${restart})` : '',
    isMain && triggers !== '' ? triggers : '',
  ].filter(Boolean);
  return { by: by.join('; '), checked };
}

/** undefined when systemd does not run here, does not answer or does not know the unit. */
async function show(unit: string): Promise<Shown | undefined> {
  const tool = tools.find((path) => existsSync(path));
  if (tool === undefined || !existsSync('/run/systemd/system')) return undefined;
  try {
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' };
    const options = { timeout: timeoutMs, env, maxBuffer: 64 << 10 };
    const { stdout } = await promisify(execFile)(tool, ['show', `--property=${properties}`, '--', unit], options);
    const values = new Map(stdout.split('\n').map((line) => line.split(/=(.*)/, 2) as [string, string]));
    if (values.get('LoadState') !== 'loaded') return undefined;
    return {
      restart: values.get('Restart') || 'no',
      mainPid: Number(values.get('MainPID') ?? 0),
      triggers: values.get('TriggeredBy') ?? '',
      from: 'systemctl show',
    };
  } catch {
    return undefined; // Its files are read instead.
  }
}

function readFiles(unit: string, folders: readonly string[]): Shown | undefined {
  const template = unit.replace(/@.*(?=\.service$)/, '@');
  const main = folders
    .flatMap((folder) => [join(folder, unit), join(folder, template)])
    .map(readText)
    .find((text) => text !== undefined);
  if (main === undefined) return undefined;
  const restart = [main, ...dropIns(template, folders), ...dropIns(unit, folders)].flatMap(settingsOf).at(-1) ?? 'no';
  return { restart: restart || 'no', mainPid: 0, triggers: '', from: 'its files' };
}

function dropIns(unit: string, folders: readonly string[]): string[] {
  return folders.toReversed().flatMap((folder) => {
    try {
      return readdirSync(join(folder, `${unit}.d`))
        .filter((name) => name.endsWith('.conf'))
        .toSorted()
        .map((name) => readText(join(folder, `${unit}.d`, name)) ?? '');
    } catch {
      return []; // There are none.
    }
  });
}

const settingsOf = (text: string) => [...text.matchAll(/^Restart=[ \t]*([a-z-]*)[ \t]*$/gm)].map(([, value]) => value!);
