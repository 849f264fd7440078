// Who wants what of one host, and the lease on its agent that follows from it: all sections, the highest rate, renewed in time.
import { limits, type Watch } from '@foretop/proto';
import type { LiveSection } from '@foretop/proto/live';
import { type SectionSet, sectionSet } from './relay.ts';

export interface Want {
  sections: readonly LiveSection[];
  rateHz: number;
  /** Unix milliseconds; undefined = until taken back. */
  untilMs?: number;
}

/** The lease of one host. Nothing here is sent: each method returns the Watch to send, if one is due. */
export class Lease {
  readonly #wants = new Map<symbol, Want>();
  #granted: { sections: SectionSet; rateHz: number; renewedMs: number } | undefined;

  get wanted(): boolean {
    return this.#wants.size > 0;
  }

  /** What the agent was last asked for; undefined while it was asked for nothing. */
  get sections(): SectionSet | undefined {
    return this.#granted?.sections;
  }

  add(want: Want, nowMs: number): { key: symbol; watch: Watch | undefined } {
    const key = Symbol('want');
    this.#wants.set(key, want);
    return { key, watch: this.due(nowMs) };
  }

  extend(key: symbol, untilMs: number): boolean {
    const want = this.#wants.get(key);
    if (want === undefined) return false;
    want.untilMs = untilMs;
    return true;
  }

  remove(key: symbol, nowMs: number): Watch | undefined {
    return this.#wants.delete(key) ? this.due(nowMs) : undefined;
  }

  /** The agent is gone, and with it what it was asked for. */
  lost(): void {
    this.#granted = undefined;
  }

  /** A change of what is wanted at once, a renewal every 5 s, a stop when nobody is left. */
  due(nowMs: number): Watch | undefined {
    for (const [key, want] of this.#wants)
      if (want.untilMs !== undefined && want.untilMs <= nowMs) this.#wants.delete(key);
    const union = this.#union();
    if (union.sections.size === 0) return this.#stop();
    const granted = this.#granted;
    const widened = granted === undefined || !union.sections.isSubsetOf(granted.sections);
    const changed = widened || union.sections.size !== granted.sections.size || union.rateHz !== granted.rateHz;
    if (!changed && nowMs - granted.renewedMs < limits.leaseRenewMs) return undefined;
    this.#granted = { ...union, renewedMs: nowMs };
    return this.#watch(widened);
  }

  /** Everything again, because frames were lost. undefined when nobody wants anything. */
  keyFrame(nowMs: number): Watch | undefined {
    const union = this.#union();
    if (union.sections.size === 0) return undefined;
    this.#granted = { ...union, renewedMs: nowMs };
    return this.#watch(true);
  }

  #watch(keyFrame: boolean): Watch {
    const { sections, rateHz } = this.#granted!;
    return { sections: [...sections], rateHz, ttlMs: limits.leaseMs, keyFrame };
  }

  #stop(): Watch | undefined {
    if (this.#granted === undefined) return undefined;
    this.#granted = undefined;
    return { sections: [], rateHz: 0, ttlMs: 0, keyFrame: false };
  }

  #union(): { sections: SectionSet; rateHz: number } {
    const wants = [...this.#wants.values()];
    const rates = wants.map((want) => Math.min(Math.max(1, Math.trunc(want.rateHz) || 1), limits.liveRateHz));
    return { sections: sectionSet(wants.flatMap((want) => want.sections)), rateHz: Math.max(1, ...rates) };
  }
}
