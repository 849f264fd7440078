// `foretop capture`: its options, and a filter that is checked before anybody is asked anything.
import { FilterFault, parseFilter } from '@foretop/proto/capture';
import { type Command, InvalidArgumentError } from 'commander';
import { runCapture } from './capture-run.ts';
import { CliError } from './cli-error.ts';
import type { Places } from './places.ts';
import { type ToolOptions, withToolCall } from './tool-call.ts';
import { printable } from '../config/printable.ts';
import { wholeNumber } from './whole-number.ts';

interface CaptureOptions extends ToolOptions {
  interface: string;
  payload: boolean;
  seconds: number;
  maxBytes: number;
  write?: string;
}

const mostBytes = 64 << 20;

/** `command` has the options of the operator's key. */
export function captureCommand(command: Command, places: Places): void {
  command
    .description(
      'record packets: their headers, or with --payload all of them, sealed so that only this command reads them',
    )
    .argument('[filter...]', "as tcpdump's, such as: tcp port 443 and host 10.0.0.7")
    .requiredOption('--from <hosts>', 'names or numbers of hosts, with commas')
    .option('--interface <name>', 'one interface; all but loopback unless given', '')
    .option('--payload', 'whole packets; the host must allow capture-payload', false)
    .option('--seconds <number>', 'ends it after so long', wholeNumber(1, 600), 60)
    .option('--max-bytes <size>', 'ends it at so much a host, such as 500K or 10M', size, 10 << 20)
    .option('-w, --write <file>', 'writes pcapng: a file for each host, or - for standard output')
    .option('--json', 'a line of JSON for each packet, and one for the run at the end', false)
    .action((words: string[], options: CaptureOptions) => {
      const { payload, seconds: maxSeconds, maxBytes, write } = options;
      const filter = checkedFilter(words.join(' '));
      const content = payload ? 'payload' : 'headers';
      const wanted = { interface: options.interface, filter, content, maxBytes, maxSeconds, write } as const;
      return withToolCall(options, places, (call, hosts) => runCapture(call, wanted, hosts));
    });
}

/** Throws CliError with a mark under the place. */
function checkedFilter(text: string): string {
  try {
    parseFilter(text);
    return text;
  } catch (cause) {
    if (!(cause instanceof FilterFault)) throw cause;
    const before = printable(text.slice(0, cause.at));
    const line = `  ${before}${printable(text.slice(cause.at))}\n  ${' '.repeat(before.length)}^`;
    throw new CliError('usage', `The filter is not understood.\n${line}\n${printable(cause.message)}`, { cause });
  }
}

/** Bytes, with K or M for 1,024 and 1,048,576 of them. The parser throws InvalidArgumentError. */
function size(text: string): number {
  const [, digits, unit] = /^(\d{1,8})([KM]?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * { '': 1, K: 1 << 10, M: 1 << 20 }[(unit ?? '').toUpperCase() as '' | 'K' | 'M'];
  if (bytes >= 1 && bytes <= mostBytes) return bytes;
  throw new InvalidArgumentError('A size from 1 to 64M is required, such as 500K or 10M.');
}
