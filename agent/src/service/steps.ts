// Steps of an installation: each says what it does, does nothing where that is done already, and can be taken back.

export interface Done {
  undo(): void;
  /** Everything succeeded: what was kept for the way back can go. */
  settle?(): void;
}

export interface Step {
  /** In the imperative: "Write /etc/x". */
  text: string;
  /** `changed`: how many steps before this had something to do. */
  isDone(changed: number): boolean;
  /** Throws when it fails, leaving nothing behind. */
  run(): Done | Promise<Done>;
}

export interface StepOptions {
  dryRun: boolean;
  say(line: string): void;
}

/** Runs them in order; after a failure those that ran are undone, the last one first. @returns how many had something to do. */
export async function runSteps(steps: readonly Step[], { dryRun, say }: StepOptions): Promise<number> {
  const done: { text: string; undo(): void; settle?(): void }[] = [];
  let changed = 0;
  for (const step of steps) {
    if (step.isDone(changed)) {
      say(`  ${step.text}: done already`);
      continue;
    }
    changed += 1;
    if (dryRun) {
      say(`  would: ${step.text}`);
      continue;
    }
    try {
      done.push({ text: step.text, ...(await step.run()) });
      say(`✓ ${step.text}`);
    } catch (error) {
      say(`✗ ${step.text}`);
      for (const { text, undo } of done.reverse()) undoOne(text, undo, say);
      throw error;
    }
  }
  for (const { settle } of done) settle?.();
  return changed;
}

function undoOne(text: string, undo: () => void, say: (line: string) => void): void {
  try {
    undo();
    say(`  undone: ${text}`);
  } catch (error) {
    say(`  not undone: ${text}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
