// Answers that are good for some seconds: who asks the same meanwhile gets the same one, or waits for the one under way.

export interface RecentAnswers<Answer> {
  /** `make` runs only where there is none. One that fails is not kept. */
  get(key: string, make: () => Promise<Answer>): Promise<Answer>;
}

export function createRecentAnswers<Answer>(goodMs: number, most: number, now: () => number): RecentAnswers<Answer> {
  const answers = new Map<string, { made: Promise<Answer>; untilMs: number }>();
  return {
    get(key, make) {
      for (const [old, { untilMs }] of answers) if (untilMs <= now()) answers.delete(old);
      const known = answers.get(key);
      if (known !== undefined) return known.made;
      const made = make();
      answers.set(key, { made, untilMs: now() + goodMs });
      if (answers.size > most) answers.delete(answers.keys().next().value!);
      made.catch(() => answers.delete(key));
      return made;
    },
  };
}
