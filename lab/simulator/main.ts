// The simulator as a program: see --help.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { parseCommandLine, type SimulatorOptions, usage } from './command-line.ts';
import { NoTokenError, tokensFrom, type TokenSource } from './enrol-tokens.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { readSnapshot, SnapshotFault } from './recording/snapshot.ts';
import { profileOfSnapshot } from './recording/snapshot-profile.ts';
import type { FleetTruth } from './truth.ts';

const truthEveryMs = 10_000;
const statusEveryMs = 10_000;
const mostListed = 20_000;

const parsed = parseCommandLine(process.argv.slice(2));
if ('help' in parsed) process.stdout.write(usage);
else if ('faults' in parsed) {
  for (const fault of parsed.faults) process.stderr.write(`${fault}\n`);
  process.stderr.write('See --help.\n');
  process.exitCode = 2;
} else {
  await run(parsed.options).catch((error: unknown) => {
    if (!(error instanceof SnapshotFault)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  });
}

async function run(options: SimulatorOptions): Promise<void> {
  const log = pino({ level: 'error' }, pino.destination(2));
  const recorded = options.snapshots.map((path) => profileOfSnapshot(readSnapshot(path)));
  const made = { ...options, ...(recorded.length > 0 && { recorded }) };
  const fleet = createFleet({ ...made, tokens: tokenSource(options), log });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const beginUs = fleet.truth({ connections: false }).nowUs;
  fleet.start();
  const timers = [
    setInterval(() => print(fleet), statusEveryMs),
    setInterval(() => writeTruth(fleet, options.truthFile), truthEveryMs),
    setInterval(() => {
      const { nowUs } = fleet.truth({ connections: false });
      if (options.seconds !== undefined && nowUs - beginUs >= options.seconds * 1e6) stop.abort();
    }, 500),
  ];
  await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  for (const timer of timers) clearInterval(timer);
  await fleet.stop();
  writeTruth(fleet, options.truthFile);
  print(fleet);
}

function tokenSource({ tokenFile, collectorUrl }: SimulatorOptions): TokenSource {
  if (tokenFile === undefined) {
    return () =>
      Promise.reject(new NoTokenError('This host is not enrolled yet: name a file with tokens by --token-file.'));
  }
  return tokensFrom(readFileSync(tokenFile === '-' ? 0 : tokenFile, 'utf8'), collectorUrl);
}

function print(fleet: Fleet): void {
  const { nowUs, hosts } = fleet.truth({ connections: false });
  const sum = (of: (host: FleetTruth['hosts'][number]) => number) => hosts.reduce((total, host) => total + of(host), 0);
  const line = {
    time: new Date(nowUs / 1_000).toISOString(),
    connected: sum(({ connected }) => Number(connected)),
    refused: sum(({ refused }) => Number(refused !== undefined)),
    openConnections: sum(({ openConnections }) => openConnections),
    segmentsSealed: sum(({ sealed }) => sealed.segments),
    segmentsAcknowledged: sum(({ acknowledged }) => acknowledged.segments),
    batchesDropped: sum(({ dropped }) => dropped.batches),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Whole or not at all: a reader never finds half a file. */
function writeTruth(fleet: Fleet, path: string | undefined): void {
  if (path === undefined) return;
  const { hosts } = fleet.truth({ connections: false });
  const connections = hosts.reduce((sum, { openConnections }) => sum + openConnections, 0) <= mostListed;
  writeFileSync(`${path}.new`, JSON.stringify(fleet.truth({ connections })));
  renameSync(`${path}.new`, path);
}
