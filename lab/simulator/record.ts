// Records a real host from a running collector as an anonymised snapshot, of which the simulator makes hosts: see README.md.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Get, observe } from './recording/observation.ts';
import { snapshotOf } from './recording/record-host.ts';
import { bounds, parseSnapshot, type Snapshot } from './recording/snapshot.ts';

const usage = `Usage: node lab/simulator/record.ts --collector URL --token-file FILE --host ID --out FILE.json [--seconds N]

Watches a host for N seconds (default 60) through the collector's API and writes what it is like. Addresses, names, paths,
units and ids stand under others; user names, command lines, PIDs and hardware addresses are not in it. Read the file before
you give it away: names of programs are as they were.
`;
const mostSeconds = 3_600;
const answerMs = 30_000;

let values: Partial<Record<'collector' | 'token-file' | 'host' | 'out' | 'seconds', string>> = {};
const faults: string[] = [];
try {
  const names = ['collector', 'token-file', 'host', 'out', 'seconds'] as const;
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  values = parseArgs({ options }).values as typeof values;
} catch (error) {
  faults.push((error as Error).message);
}
const { collector = '', host = '', out = '', seconds: secondsText = '60' } = values;
const tokenFile = values['token-file'] ?? '';
const seconds = Number(secondsText);
if (!/^https?:\/\/[^/]/.test(collector)) faults.push(`--collector '${collector}' is not an http or https address`);
if (!/^\d+$/.test(host)) faults.push(`--host '${host}' is not the id of a host`);
if (tokenFile === '')
  faults.push('--token-file is missing: a file with an API token of a viewer, - reads standard input');
if (out === '') faults.push('--out is missing: the file to write');
if (!(seconds >= 10 && seconds <= mostSeconds)) {
  faults.push(`--seconds '${secondsText}' is not a number from 10 to ${mostSeconds}`);
}

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n${usage}`);
  process.exitCode = 2;
} else await record();

async function record(): Promise<void> {
  const token = readFileSync(tokenFile === '-' ? 0 : tokenFile, 'utf8').trim();
  const get: Get = async (path) => {
    const url = `${collector.replace(/\/+$/, '')}/api/v1${path}`;
    const signal = AbortSignal.timeout(answerMs);
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
    if (!response.ok)
      throw new Error(`GET ${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    return (await response.json()) as never;
  };
  try {
    write(snapshotOf(await observe({ get, host, seconds })));
  } catch (error) {
    process.stderr.write(`The host was not recorded: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

/** What is written can be read again. */
function write(snapshot: Snapshot): void {
  const text = `${JSON.stringify(snapshot, null, 2)}\n`;
  if (text.length > bounds.fileBytes) throw new Error(`the snapshot has ${text.length} bytes, more than can be read`);
  parseSnapshot(text);
  writeFileSync(`${out}.new`, text);
  renameSync(`${out}.new`, out);
  const { shape, replaced, leftOut } = snapshot;
  const told = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([what, count]) => `  ${what} ${count}\n`)
      .join('');
  process.stdout.write(
    `Recorded ${out}\n${told({ ...shape })}Replaced\n${told(replaced)}Left out\n${told(leftOut)}` +
      '  user names, command lines, PIDs, hardware addresses: all\n',
  );
}
