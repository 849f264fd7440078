// Steps on the terminal: what is being done, then a tick, how it ended and how many seconds it took.
import { color } from './environment.mjs';

const paint = (code, text) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
const seconds = (startedMs) => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;

/** An expected failure: its message is all that the user sees. `details` are the last lines of a program's output. */
export class StepError extends Error {
  code = 'step-failed';
  retryable = true;
  constructor(message, details = []) {
    super(message);
    this.details = details;
  }
}

/** The user wants to stop; whoever waits for something gives up. */
export class Interrupted extends Error {
  code = 'interrupted';
  retryable = true;
}

/** Runs `work` and returns its result. */
export async function step(doing, done, work) {
  const startedMs = performance.now();
  const stopProgress = showProgress(doing, startedMs);
  try {
    const result = await work();
    stopProgress();
    console.log(`${paint(32, '✓')} ${done} ${paint(2, `(${seconds(startedMs)})`)}`);
    return result;
  } catch (error) {
    stopProgress();
    const mark = error instanceof Interrupted ? '-' : paint(31, '✗');
    console.log(`${mark} ${doing} ${paint(2, `(${seconds(startedMs)})`)}`);
    throw error;
  }
}

/** On a terminal the line counts seconds; elsewhere it is said once, when it takes longer than a moment. */
function showProgress(doing, startedMs) {
  if (!process.stdout.isTTY) {
    const timer = setTimeout(() => console.log(`  ${doing} …`), 2_000);
    return () => clearTimeout(timer);
  }
  const draw = () => process.stdout.write(`\r\u001b[2K  ${doing} … ${paint(2, seconds(startedMs))}`);
  draw();
  const timer = setInterval(draw, 200);
  return () => {
    clearInterval(timer);
    process.stdout.write('\r\u001b[2K');
  };
}

export function note(text) {
  console.log(`  ${text}`);
}

/** Prints why it failed, the last output lines first, so that the message itself stands at the end. */
export function printFailure(error) {
  if (!(error instanceof StepError)) {
    console.error(error);
    return;
  }
  for (const line of error.details) console.error(`    ${line}`);
  console.error(`\n${paint(31, error.message)}`);
}
