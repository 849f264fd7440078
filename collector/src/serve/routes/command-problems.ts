// What can come of a command, as problem documents.
import { CommandError, type CommandErrorCode } from '../../command/errors.ts';
import { type ProblemCode, RequestError } from '../problem.ts';

const codes: Record<CommandErrorCode, ProblemCode> = {
  refused: 'command-refused',
  'host-not-live': 'host-not-live',
  'host-silent': 'host-silent',
  'offer-invalid': 'host-misbehaved',
  'outcome-unknown': 'outcome-unknown',
  'too-many': 'too-many-commands',
  'no-such-command': 'not-found',
};

const retryAfter: Partial<Record<CommandErrorCode, string>> = { 'too-many': '60', 'host-silent': '10' };

/** Runs the work; its CommandErrors become RequestErrors. */
export async function withProblems<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { code, message, refusal } = error;
    const wait = retryAfter[code];
    throw new RequestError(codes[code], message, {
      cause: error,
      ...(refusal !== undefined && { refusal }),
      ...(wait !== undefined && { headers: { 'retry-after': wait } }),
    });
  }
}
