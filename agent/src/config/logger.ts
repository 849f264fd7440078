// Structured logs on stderr: JSON for machines, one short line each where a person watches.
import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from './settings.ts';

interface LogRecord {
  level: number;
  time: number;
  msg?: string;
  event?: string;
  [field: string]: unknown;
}

const levelNames: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** Longest field of a short line, in characters. */
const fieldLength = 160;

export function createLogger(level: LogLevel, output: NodeJS.WriteStream): Logger {
  const options = { level, base: null };
  return output.isTTY
    ? pino(
        options,
        shortLines((line) => output.write(line)),
      )
    : pino(options, pino.destination({ fd: 2, sync: true }));
}

export function shortLines(write: (line: string) => void): DestinationStream {
  return { write: (json) => write(`${shortLine(JSON.parse(json) as LogRecord)}\n`) };
}

function shortLine({ level, time, msg, event, ...fields }: LogRecord): string {
  const clock = new Date(time).toTimeString().slice(0, 8);
  const text = msg ?? event ?? '';
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${printable(value)}`);
  return [clock, (levelNames[level] ?? '').padEnd(5), printable(text), ...rest].join(' ');
}

/** Control characters would let a text from elsewhere drive the terminal. */
function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const cut = text.length > fieldLength ? `${text.slice(0, fieldLength)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}
