// The lease under which the agent sends live frames: it dies by itself unless the collector renews it.
import { limits, type LiveSection, type Watch } from '@foretop/proto';

export interface Lease {
  /** A Watch came. @returns whether everything must be sent again. */
  renew(watch: Watch, nowUs: number): boolean;
  end(): void;
  /** What is to be sent now; undefined = nobody watches. */
  active(nowUs: number): { sections: ReadonlySet<LiveSection>; rateHz: number } | undefined;
}

export function createLease(): Lease {
  let sections: ReadonlySet<LiveSection> = new Set();
  let rateHz = 1;
  let untilUs = 0;

  return {
    renew(watch, nowUs) {
      const wasActive = nowUs < untilUs;
      const wanted = new Set(watch.sections ?? []);
      const grows = [...wanted].some((section) => !sections.has(section));
      sections = wanted;
      rateHz = Math.min(limits.liveRateHz, Math.max(1, watch.rateHz ?? 1));
      untilUs = nowUs + Math.min(watch.ttlMs ?? 0, limits.leaseMs) * 1_000;
      return nowUs < untilUs && (!wasActive || grows || watch.keyFrame === true);
    },
    end() {
      untilUs = 0;
    },
    active: (nowUs) => (nowUs < untilUs && sections.size > 0 ? { sections, rateHz } : undefined),
  };
}
