// A replay of files through every detector, with what a person should know about the files.
import { detectors } from '../registry.ts';
import type { ReplayedFinding } from './replayed-findings.ts';
import { type ReplayOutcome, runReplay } from './run-replay.ts';

/** @throws UnreadableInput before anything was replayed. */
export async function replayOf(paths: readonly string[]): Promise<{ findings: ReplayedFinding[]; notes: string[] }> {
  const outcome = await runReplay(paths, detectors);
  return { findings: outcome.findings, notes: notesOf(outcome) };
}

function notesOf({ inputs, passedOver, faults }: ReplayOutcome): string[] {
  const ofInputs = inputs.flatMap(({ path, reading }) => [
    ...reading.notes.map((text) => `'${path}': ${text}`),
    ...(reading.bad > 0 ? [`'${path}': ${reading.bad} of ${reading.items} lines could not be read.`] : []),
  ]);
  const others = passedOver.length === 0 ? [] : [`Passed over: ${passedOver.join(', ')}.`];
  return [...ofInputs, ...others, ...faults];
}
