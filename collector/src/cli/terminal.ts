// The person at the terminal: results on standard output, what they should know and questions on standard error.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CliError } from './cli-error.ts';

export interface Terminal {
  /** What the command is for. */
  print(text: string): void;
  /** What a person should know about it. */
  note(text: string): void;
  /** One line. Throws CliError when there is nobody to answer. */
  ask(question: string): Promise<string>;
  /** The same, without showing what is typed. */
  askHidden(question: string): Promise<string>;
  /** Lets the process end. */
  close(): void;
}

export function processTerminal(input: NodeJS.ReadStream = process.stdin): Terminal {
  let reading: { lines: AsyncIterator<string>; close: () => void; hide: (hidden: boolean) => void } | undefined;

  const answer = async (question: string, hidden: boolean): Promise<string> => {
    reading ??= readLines(input);
    process.stderr.write(question);
    reading.hide(hidden);
    const { value, done } = await reading.lines.next();
    if (hidden && input.isTTY) process.stderr.write('\n');
    if (done) throw new CliError('usage', 'Nobody answered.');
    return (value as string).trim();
  };
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    ask: (question) => answer(question, false),
    askHidden: (question) => answer(question, true),
    close: () => reading?.close(),
  };
}

/** One reader for all questions: a second one would lose the lines that came with the first. */
function readLines(input: NodeJS.ReadStream) {
  let hidden = false;
  const echo = new Writable({
    write(chunk: Buffer, _encoding, written) {
      if (!hidden) process.stderr.write(chunk);
      written();
    },
  });
  const reader = createInterface({ input, output: echo, terminal: input.isTTY });
  return {
    lines: reader[Symbol.asyncIterator](),
    close: () => reader.close(),
    hide: (value: boolean) => void (hidden = value),
  };
}
