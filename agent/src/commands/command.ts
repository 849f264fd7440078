// What the subcommands share: how each is registered, how it ends, and the options that several of them have.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { ConfigError } from '../config/run-config.ts';
import { ServiceError } from '../service/service-error.ts';
import { AgentError } from '../wire/agent-error.ts';
import { parseEnrolmentToken, type EnrolmentToken } from '../wire/enrolment.ts';

/** Adds one subcommand to the program. */
export type Registration = (program: Command) => void;

export const exitCodes = { stopped: 0, failed: 1, config: 2, refused: 3 } as const;

export const isRoot = process.getuid?.() === 0;

export const configHelp =
  'configuration file (or FORETOP_AGENT_CONFIG, else agent.json in the data directory if there is one)';
export const dataHelp = "the agent's data directory (or FORETOP_AGENT_DATA)";

/** Says why on stderr; the process ends with this code once nothing is left to do. */
export function fail(code: number, message: string): void {
  process.stderr.write(`foretop-agent: ${message}\n`);
  process.exitCode = code;
}

/** The code and the words for an error: what a person can put right is said without a stack. */
export function failWith(error: unknown): void {
  if (error instanceof ConfigError || error instanceof AgentError) return fail(exitCodes.config, error.message);
  if (error instanceof ServiceError) return fail(exitCodes.failed, error.message);
  fail(exitCodes.failed, error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** `-` reads stdin. Throws ConfigError and AgentError. */
export async function readToken(file: string): Promise<EnrolmentToken> {
  let content: string;
  try {
    content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([`The enrolment token cannot be read from '${file}': ${reason}`]);
  }
  return parseEnrolmentToken(content);
}
