// Looks for what keeps an agent from doing its work: each check says what it found and, if that is not well, what helps.
import { existsSync, lstatSync, readFileSync, statfsSync } from 'node:fs';
import { capabilitiesIn, capabilityNumbers, type CapabilityName } from './capabilities.ts';
import { tryCommand } from './command.ts';
import { unitName } from './places.ts';

export interface Finding {
  subject: string;
  /** `note`: works, could see more. */
  state: 'well' | 'note' | 'bad';
  text: string;
  /** What to do; empty when nothing is. */
  remedy: string;
}

const well = (subject: string, text: string): Finding => ({ subject, state: 'well', text, remedy: '' });
const bad = (subject: string, text: string, remedy: string): Finding => ({ subject, state: 'bad', text, remedy });
const note = (subject: string, text: string, remedy: string): Finding => ({ subject, state: 'note', text, remedy });

const names = Object.keys(capabilityNumbers) as CapabilityName[];

export function checkService(unit: string): Finding {
  if (!existsSync(unit)) {
    return note('service', 'not installed', 'foretop-agent install --collector URL --token-file FILE');
  }
  const state = tryCommand('systemctl', 'is-active', unitName).stdout.trim();
  if (state !== 'active') return bad('service', state || 'unknown', `systemctl start ${unitName}; foretop-agent logs`);
  const restarts = Number(tryCommand('systemctl', 'show', '--property', 'NRestarts', '--value', unitName).stdout);
  if (restarts > 0) return note('service', `active, started again ${restarts} times by systemd`, 'foretop-agent logs');
  return well('service', 'active');
}

/** `pid`: of the agent that runs. */
export function checkCapabilities(pid: number): Finding {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return bad('capabilities', `process ${pid} is gone`, 'foretop-agent logs');
  }
  const held = capabilitiesIn(status, 'CapEff', names);
  return well('capabilities', held.length > 0 ? held.join(', ') : 'none');
}

/** Only root may be able to change what runs with the service's rights. */
export function checkPrograms(paths: readonly string[], owner = 0): Finding {
  const open = paths.filter((path) => {
    if (!existsSync(path)) return false;
    const { uid, mode } = lstatSync(path);
    return uid !== owner || (mode & 0o022) !== 0;
  });
  if (open.length === 0) return well('files', 'only root can change them');
  return bad('files', `others than root may change ${open.join(', ')}`, `chown root: and chmod go-w ${open.join(' ')}`);
}

export function checkDisk(folder: string, spoolBytes: number): Finding {
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const text = `${megabytes(free)} MB free for ${folder}, whose spool may take ${megabytes(spoolBytes)} MB`;
    if (free >= spoolBytes) return well('disk', text);
    return note('disk', text, 'make room, or lower "max-spool": an outage of the collector would fill the disk');
  } catch (error) {
    return bad('disk', `${folder}: ${reasonOf(error)}`, 'has the agent ever run here? Name its folder with --data');
  }
}

const slowMs = 10_000;
const clockOffMs = 60_000;

/** Two findings: whether the collector answers, and how far its clock is from this one. */
export async function checkCollector(url: string): Promise<Finding[]> {
  const startedMs = Date.now();
  try {
    const response = await fetch(new URL('healthz', `${url.replace(/\/*$/, '')}/`), {
      signal: AbortSignal.timeout(slowMs),
      redirect: 'manual',
    });
    await response.body?.cancel();
    const tookMs = Date.now() - startedMs;
    const reached = well('collector', `${url} answers in ${tookMs} ms`);
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(date)) return [reached];
    const offMs = date - (startedMs + tookMs / 2);
    if (Math.abs(offMs) < clockOffMs) return [reached, well('clock', 'within a minute of the collector’s')];
    const minutes = Math.round(offMs / 60_000);
    const text = `${Math.abs(minutes)} minutes ${minutes > 0 ? 'behind' : 'ahead of'} the collector’s`;
    return [
      reached,
      note('clock', text, 'times are converted, so history is right; TLS may fail. timedatectl set-ntp true'),
    ];
  } catch (error) {
    const remedy = 'is the address right, does a firewall or proxy stand between, is its certificate trusted (--ca)?';
    return [bad('collector', `${url} does not answer: ${reasonOf(error)}`, remedy)];
  }
}

/** The places that the agent reads, as it has told of them itself. */
export function checkSources(
  tier: number,
  sources: readonly { name: string; available: boolean; reason: string; remedy: string }[],
): Finding[] {
  const limited = sources.filter(({ available, reason }) => !available || reason !== '');
  return [
    well('tier', `${tier} of 4 (1 sees most)`),
    ...limited.map(({ name, reason, remedy }) => note(`source ${name}`, reason || 'not available', remedy)),
  ];
}

const marks = { well: '✓', note: '!', bad: '✗' } as const;

/** Aligned text for a terminal. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length)) + 2;
  const indent = ' '.repeat(width + 2);
  return findings
    .map(({ subject, state, text, remedy }) => {
      const line = `${marks[state]} ${subject.padEnd(width)}${text}`;
      return remedy === '' ? line : `${line}\n${indent}→ ${remedy}`;
    })
    .join('\n');
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);

/** fetch says "fetch failed" and keeps the reason behind it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
