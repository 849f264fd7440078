// `foretop-agent audit`: what was asked of this host and what it did, shown, and checked without any collector.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicJwk, type PublicJwk } from '@foretop/proto/trust';
import { type Command, InvalidArgumentError } from 'commander';
import { readEnvironment } from '../config/environment.ts';
import { dataDirectoryOf } from '../config/run-config.ts';
import type { AuditEntry } from '../trust/audit-entry.ts';
import { type AuditReport, readAudit, verifyAudit } from '../trust/audit-verify.ts';
import { trustFiles } from '../trust/files.ts';
import { configHelp, dataHelp, exitCodes, fail, failWith, isRoot, type Registration } from './command.ts';

interface AuditFlags {
  data?: string;
  config?: string;
  json?: boolean;
  limit?: number;
  heads?: string;
}

export const registerAudit: Registration = (program) => {
  const audit = program.command('audit').description('What was asked of this host, by whom, and what it did.');
  const subcommand = (name: string, text: string): Command =>
    audit.command(name).description(text).option('--data <path>', dataHelp).option('--config <file>', configHelp);
  subcommand('show', 'Show the last entries.')
    .option('-n, --limit <number>', 'how many', entryCount, 50)
    .option('--json', 'one JSON object a line, as they are stored')
    .action((flags: AuditFlags) => show(flags));
  subcommand('verify', 'Check that no entry was changed, and that none that others know of is missing.')
    .option(
      '--heads <file>',
      'text with signed heads of this host: what the collector or the journal has kept; - for stdin',
    )
    .option('--json', 'as JSON')
    .action((flags: AuditFlags) => verify(flags).catch(failWith));
  subcommand('heads', "Print the collector's heads that this host has kept, for: foretop audit verify --heads").action(
    (flags: AuditFlags) => heads(flags),
  );
};

const fileOf = (flags: AuditFlags, name: string) => join(dataDirectoryOf(flags, readEnvironment(), isRoot), name);

function show(flags: AuditFlags): void {
  const faults: string[] = [];
  const entries = readAudit(fileOf(flags, trustFiles.audit), (fault) => faults.push(fault)).slice(-(flags.limit ?? 50));
  for (const entry of entries) process.stdout.write(`${flags.json ? JSON.stringify(entry) : entryText(entry)}\n`);
  for (const fault of faults) process.stderr.write(`foretop-agent: ${fault}\n`);
}

/** The exit code is 1 when something is missing or was changed. */
async function verify(flags: AuditFlags): Promise<void> {
  const path = fileOf(flags, trustFiles.audit);
  if (!existsSync(path))
    return fail(exitCodes.failed, `There is no audit in '${path}'. Choose another folder with --data.`);
  const given = flags.heads === undefined ? '' : readFileSync(flags.heads === '-' ? 0 : flags.heads, 'utf8');
  const report = await verifyAudit(path, given, hostKey(fileOf(flags, 'agent-key.json')));
  process.stdout.write(`${flags.json ? JSON.stringify(report, null, 2) : reportText(report)}\n`);
  if (report.faults.length > 0) process.exitCode = exitCodes.failed;
}

function heads(flags: AuditFlags): void {
  const path = fileOf(flags, trustFiles.heads);
  if (existsSync(path)) process.stdout.write(readFileSync(path));
}

/** Throws StatementError when the file holds none. */
function hostKey(path: string): PublicJwk {
  const { kty, crv, x } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  return publicJwk({ kty, crv, x }, path);
}

function entryText({ sequence, at, event, detail }: AuditEntry): string {
  const rest = Object.entries(detail).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [String(sequence), at, event, ...rest].map(printable).join('  ');
}

function reportText({ entries, first, last, confirmed, tooOld, others, faults }: AuditReport): string {
  const range = entries === 0 ? 'no entries' : `${entries} entries, ${first} to ${last}`;
  const known = `${confirmed} heads fit, ${tooOld} are older than what is kept, ${others} are of other keys`;
  if (faults.length === 0) return `✓ ${range}: unbroken; ${known}`;
  return [`✗ ${range}; ${known}`, ...faults.map((fault) => `  ${printable(fault)}`)].join('\n');
}

/** What others wrote must not drive the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

function entryCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number of entries is required.');
}
