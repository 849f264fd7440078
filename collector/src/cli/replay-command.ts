// `foretop replay`: the detectors over captures and logs, and the scorers of names and texts over lines, without a server.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { table } from '../serve/operate.ts';
import { CliError } from './cli-error.ts';

interface ReplayOptions {
  json: boolean;
  names?: string;
  text?: string;
}

export function replayCommand(foretop: Command): void {
  foretop
    .command('replay')
    .description('run the detectors over captures and logs, as one timeline, and show what they find')
    .argument(
      '[files...]',
      'pcap, pcapng, logs of Zeek, flows of Argus; each may be gzip; a folder stands for all in it',
    )
    .option('--json', 'one JSON object a line', false)
    .option('--names <file>', 'in place of files: score the names in it, one a line; always prints JSON')
    .option('--text <file>', 'in place of files: search it for card numbers; always prints JSON')
    .action(replay);
}

async function replay(files: string[], { json, names, text }: ReplayOptions): Promise<void> {
  if ([files.length > 0, names !== undefined, text !== undefined].filter(Boolean).length !== 1) {
    throw new CliError('usage', 'Give files to replay, or --names, or --text.');
  }
  if (names !== undefined) return replayNamesIn(names);
  return text === undefined ? replayFiles(files, json) : replayCards(text);
}

/** Always JSON: a line a name. */
async function replayNamesIn(path: string): Promise<void> {
  const { replayNames } = await import('../detect/names/replay-names.ts');
  await readable(path, () => replayNames(createReadStream(path), process.stdout));
}

/** Always JSON: a line a card number. */
async function replayCards(path: string): Promise<void> {
  const { replayText } = await import('../detect/text/replay-text.ts');
  await readable(path, () => replayText(createReadStream(path), process.stdout));
}

async function replayFiles(files: string[], json: boolean): Promise<void> {
  // Only here: they are half of what a collector is.
  const { replayOf } = await import('../detect/replay/replay.ts');
  const { findingHeading, findingLine, findingRow } = await import('../detect/replay/output.ts');
  const { findings, notes } = await readable(files.join(' '), () => replayOf(files));
  for (const note of notes) process.stderr.write(`foretop: ${note}\n`);
  if (json) for (const finding of findings) await write(`${findingLine(finding)}\n`);
  else if (findings.length === 0) await write('Nothing was found.\n');
  else await write(`${table(findingHeading, findings.map(findingRow))}\n`);
}

/** What cannot be read at all is wrong use, and says so. */
async function readable<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const message = error.code === 'unreadable-input' ? error.message : `'${what}' cannot be read: ${error.message}.`;
    throw new CliError('usage', message, { cause: error });
  }
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
