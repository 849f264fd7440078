// The collector's log: JSON lines on stderr for machines, short lines when stderr is a terminal.
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { printable } from './printable.ts';
import type { LogLevel } from './settings.ts';

export function createLog(
  level: LogLevel,
  stderr: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
): Logger {
  const stream: DestinationStream = stderr.isTTY
    ? { write: (line) => void stderr.write(humanLine(line)) }
    : destination({ dest: 2, sync: true });
  return pino({ level, base: null, formatters: { level: (label) => ({ level: label }) } }, stream);
}

/** `12:01:07 warn  agent-refused host=3 reason=…`. Values that hosts supplied cannot steer the terminal. */
export function humanLine(json: string): string {
  const { level, time, event, msg, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 19);
  const details = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const words = [clock, String(level).padEnd(5), event, msg, ...details].filter((word) => word !== undefined);
  return `${printable(words.join(' '))}\n`;
}
