// `foretop-agent doctor`: why this host's agent sees less than it could, or nothing.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Source } from '@foretop/proto';
import { pino } from 'pino';
import { readEnvironment } from '../config/environment.ts';
import { dataDirectoryOf } from '../config/run-config.ts';
import { settings } from '../config/settings.ts';
import * as checks from '../service/doctor.ts';
import { packagedProgram, placesOf } from '../service/places.ts';
import { type AgentStatus, readStatus } from '../wire/status.ts';
import { configHelp, dataHelp, exitCodes, failWith, isRoot, type Registration } from './command.ts';

interface DoctorFlags {
  data?: string;
  config?: string;
  json?: boolean;
}

/** An agent that runs writes its status every few seconds. */
const silentMs = 30_000;

export const registerDoctor: Registration = (program) => {
  program
    .command('doctor')
    .description('Check service, collector, clock, disk and rights, and say what would raise the tier.')
    .option('--data <path>', dataHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'as JSON')
    .action((flags: DoctorFlags) => run(flags).catch(failWith));
};

/** The exit code is 1 when something is wrong; what could merely be better does not count. */
async function run(flags: DoctorFlags): Promise<void> {
  const data = dataDirectoryOf(flags, readEnvironment(), isRoot);
  const findings = await findingsOf(data);
  const text = flags.json ? JSON.stringify(findings, null, 2) : checks.findingsText(findings);
  process.stdout.write(`${text}\n`);
  if (findings.some(({ state }) => state === 'bad')) process.exitCode = exitCodes.failed;
}

async function findingsOf(data: string): Promise<checks.Finding[]> {
  const places = placesOf(realpathSync(process.execPath) === packagedProgram);
  trust(places.certificates);
  const status = statusOf(data);
  const service = process.platform === 'linux' ? [checks.checkService(places.unit)] : [];
  const files = checks.checkPrograms([places.program, places.library, places.nativeModule, places.configuration]);
  if (status === undefined) {
    const disk = checks.checkDisk(data, settings['max-spool'].default);
    return [...service, notRunning(data), files, disk, ...(await ownSources())];
  }
  return [
    ...service,
    checks.checkCapabilities(status.pid),
    files,
    ...(await checks.checkCollector(status.collector)),
    connection(status),
    checks.checkDisk(data, status.spool.maxBytes),
    ...checks.checkSources(status.tier, status.sources.map(plain)),
  ];
}

/** The authority that the service was given beside the usual ones. */
function trust(file: string): void {
  if (existsSync(file)) setDefaultCACertificates([...getCACertificates('default'), readFileSync(file, 'utf8')]);
}

/** undefined when no agent runs with this data directory. */
function statusOf(data: string): AgentStatus | undefined {
  try {
    const status = readStatus(join(data, 'status.json'));
    const isOld = Date.now() - Date.parse(status.writtenAt) > silentMs;
    return isOld || status.connection.state === 'stopped' ? undefined : status;
  } catch {
    return undefined;
  }
}

function notRunning(data: string): checks.Finding {
  const remedy = 'start it, or name its data directory with --data';
  return { subject: 'agent', state: 'bad', text: `none runs with ${data}`, remedy };
}

function connection({ connection: now, hostId }: AgentStatus): checks.Finding {
  if (now.state === 'connected')
    return { subject: 'connection', state: 'well', text: `connected as host ${hostId ?? '?'}`, remedy: '' };
  const text = now.state === 'waiting' ? `not connected: ${now.reason}` : now.state;
  return { subject: 'connection', state: 'bad', text, remedy: 'foretop-agent logs' };
}

/** What this very user would see. */
async function ownSources(): Promise<checks.Finding[]> {
  const { openHostCollector } = await import('../collect/collector.ts');
  using host = openHostCollector({ log: pino({ level: 'silent' }) });
  host.tick();
  return checks.checkSources(host.tier, host.sources().map(plain));
}

/** With every field filled in. */
function plain({ name, available, reason, remedy }: Source) {
  return { name: name ?? '', available: available ?? false, reason: reason ?? '', remedy: remedy ?? '' };
}
