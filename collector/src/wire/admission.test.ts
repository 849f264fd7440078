import { describe, expect, it } from 'vitest';
import { Admission } from './admission.ts';

function withClock(options: Partial<ConstructorParameters<typeof Admission>[0]> = {}) {
  const clock = { nowMs: 0 };
  const admission = new Admission({
    perSecond: 10,
    mostUnknown: 100,
    mostUnknownPerAddress: 50,
    now: () => clock.nowMs,
    ...options,
  });
  return { admission, clock };
}

describe('Admission', () => {
  it('lets in a second’s worth at once, then at the rate', () => {
    const { admission, clock } = withClock();
    const take = (): number =>
      Array.from({ length: 30 }, () => admission.admit('a')).filter(({ admitted }) => admitted).length;
    expect(take()).toBe(10);
    clock.nowMs += 500;
    expect(take()).toBe(5);
    expect([admission.admittedCount, admission.refusedCount]).toEqual([15, 45]);
  });

  it('gives back a place once, however often it is released', () => {
    const { admission } = withClock({ mostUnknown: 2 });
    const [first, second] = [admission.admit('a'), admission.admit('b')];
    expect(admission.admit('c').admitted).toBe(false);
    if (first.admitted) {
      first.release();
      first.release();
    }
    expect([admission.unknown, second.admitted, admission.admit('c').admitted, admission.admit('d').admitted]).toEqual([
      1,
      true,
      true,
      false,
    ]);
  });

  it('bounds what one address may leave unanswered', () => {
    const { admission } = withClock({ mostUnknownPerAddress: 1 });
    expect([admission.admit('a').admitted, admission.admit('a').admitted, admission.admit('b').admitted]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('sends nobody away for more than five minutes', () => {
    const { admission } = withClock({ perSecond: 1 });
    const waits = Array.from({ length: 1_000 }, () => admission.admit('a')).map((result) =>
      result.admitted ? 0 : result.retryAfterSeconds,
    );
    expect(Math.max(...waits)).toBe(300);
  });

  it('brings 10,000 agents in without a stampede: each asks a few times, and arrivals stay near the rate', () => {
    const { admission, clock } = withClock({ perSecond: 200, mostUnknown: 10_000, mostUnknownPerAddress: 10_000 });
    // What agents do: wait as told, plus up to a tenth of jitter.
    const dueMs = new Map(Array.from({ length: 10_000 }, (_, agent) => [agent, 0]));
    const attempts = new Map<number, number>();
    let worstSecond = 0;
    for (let second = 0; dueMs.size > 0 && second < 600; second++) {
      clock.nowMs = second * 1000;
      const now = [...dueMs].filter(([, due]) => due <= clock.nowMs).map(([agent]) => agent);
      if (second > 0) worstSecond = Math.max(worstSecond, now.length);
      for (const agent of now) {
        attempts.set(agent, (attempts.get(agent) ?? 0) + 1);
        const result = admission.admit('10.0.0.1');
        if (result.admitted) {
          dueMs.delete(agent);
          result.release();
        } else dueMs.set(agent, clock.nowMs + result.retryAfterSeconds * (1000 + ((agent * 7919) % 100)));
      }
    }
    expect(dueMs.size).toBe(0);
    expect(clock.nowMs).toBeLessThan(100_000);
    expect(worstSecond).toBeLessThan(450);
    expect(Math.max(...attempts.values())).toBeLessThan(6);
  });
});
