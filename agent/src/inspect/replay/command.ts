// `foretop-agent replay`: the agent's parsers over a capture file.
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { replay } from './run-replay.ts';
import { jsonLine, textLines } from './text.ts';

const exitCodes = { read: 0, failed: 1, notACapture: 2 } as const;
const chunkBytes = 262_144;

export function registerReplay(program: Command): void {
  program
    .command('replay')
    .description('Show the connections, DNS exchanges, server names and scans in a capture file.')
    .argument('<file>', "a pcap or pcapng file, '-' for standard input")
    .option('--json', 'one JSON object a line')
    .action(runReplay);
}

async function runReplay(file: string, options: { json?: boolean }): Promise<void> {
  const input = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: chunkBytes });
  // Whoever reads the output has seen enough.
  process.stdout.on('error', (error) => {
    if (!isBrokenPipe(error)) fail(exitCodes.failed, `The output cannot be written: ${error.message}`);
    input.destroy();
  });
  try {
    const { recognised, fault } = await replay(input, process.stdout, options.json ? jsonLine : textLines());
    if (!recognised) fail(exitCodes.notACapture, `'${file}' cannot be replayed. ${fault ?? 'It is empty.'}`);
  } catch (error) {
    if (isBrokenPipe(error)) return;
    fail(exitCodes.failed, `'${file}' cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}

function fail(code: number, message: string): void {
  process.stderr.write(`foretop-agent: ${message}\n`);
  process.exitCode = code;
}
