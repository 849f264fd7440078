// Wakes those who follow a run when there is something new of it.

export class Bell {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves with the next ring or the abort. Ask before looking, or a ring in between is missed. */
  next(runId: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(runId) ?? new Set();
    this.#waiting.set(runId, waiting.add(resolve));
    signal.addEventListener('abort', () => this.#leave(runId, resolve), { once: true });
    return promise;
  }

  ring(runId: string): void {
    const waiting = this.#waiting.get(runId);
    this.#waiting.delete(runId);
    for (const wake of waiting ?? []) wake();
  }

  /** Runs that somebody follows. */
  get size(): number {
    return this.#waiting.size;
  }

  #leave(runId: string, wake: () => void): void {
    const waiting = this.#waiting.get(runId);
    if (waiting?.delete(wake) && waiting.size === 0) this.#waiting.delete(runId);
    wake();
  }
}
