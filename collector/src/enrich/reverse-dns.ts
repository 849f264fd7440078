// Names of addresses by reverse DNS: asked only for addresses that somebody looks at, at this machine's own resolver, remembered for a while.
import { Resolver } from 'node:dns/promises';
import type { AddressPlace } from '@foretop/proto/api';
import { cleanText } from '../store/host-text.ts';
import { addressKind } from './address-kind.ts';
import { createLru } from './lru.ts';

export type ReverseName = Pick<AddressPlace, 'reverseName' | 'reverse'>;

/** Which addresses are asked for. Whoever runs the zone of a public address sees that somebody asks. */
export type ReverseDnsScope = 'all' | 'private' | 'off';

export interface ReverseDns {
  /** What is known now; what is not is asked for, if there is room. */
  name(address: string): ReverseName;
  /** When an answer is here, or its time is over; at once when there is nothing to wait for. */
  settled(address: string): Promise<void>;
  state(): { on: boolean; cached: number; waiting: number };
  counters(): Record<string, number>;
}

export interface ReverseDnsOptions {
  scope: ReverseDnsScope;
  /** Names of an address; rejects with a code as node:dns does. */
  ask?: (address: string) => Promise<string[]>;
  now?: () => number;
}

const mostCached = 10_000;
const mostUnderWay = 8;
const mostWaiting = 200;
const mostPerSecond = 20;
const patienceMs = 2_000;
/** How long an answer is good. Node does not tell the TTL of the record. */
const goodMs = { known: 3_600_000, none: 600_000, failed: 60_000 };

interface Answer {
  reverse: 'known' | 'none' | 'failed';
  name: string | null;
  untilMs: number;
}

export function createReverseDns({ scope, ask = askResolver(), now = Date.now }: ReverseDnsOptions): ReverseDns {
  const answers = createLru<string, Answer>(mostCached);
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const queue: string[] = [];
  const counts = { asked_total: 0, failed_total: 0, left_out_total: 0 };
  let underWay = 0;
  let [secondMs, inSecond] = [0, 0];

  const wanted = (address: string) => {
    const kind = addressKind(address);
    return kind === 'private' ? scope !== 'off' : kind === 'public' && scope === 'all';
  };

  function start(): void {
    while (underWay < mostUnderWay && queue.length > 0) {
      if (now() - secondMs >= 1000) [secondMs, inSecond] = [now(), 0];
      if (inSecond >= mostPerSecond) {
        setTimeout(start, 1000 - (now() - secondMs)).unref();
        return;
      }
      inSecond++;
      underWay++;
      const address = queue.shift()!;
      void look(address).then((answer) => {
        answers.set(address, answer);
        underWay--;
        waiting.get(address)?.resolve();
        waiting.delete(address);
        start();
      });
    }
  }

  async function look(address: string): Promise<Answer> {
    counts.asked_total++;
    const answer = (reverse: Answer['reverse'], name: string | null = null): Answer => ({
      reverse,
      name,
      untilMs: now() + goodMs[reverse],
    });
    try {
      const name = (await ask(address)).map((text) => cleanText(text, 253)).find((text) => text !== '');
      return name === undefined ? answer('none') : answer('known', name);
    } catch (error) {
      if (['ENOTFOUND', 'ENODATA'].includes((error as { code?: string }).code ?? '')) return answer('none');
      counts.failed_total++;
      return answer('failed');
    }
  }

  return {
    name(address) {
      if (!wanted(address)) return { reverseName: null, reverse: 'off' };
      const known = answers.get(address);
      if (known !== undefined && known.untilMs > now()) return { reverseName: known.name, reverse: known.reverse };
      if (!waiting.has(address)) {
        if (waiting.size >= mostWaiting) {
          counts.left_out_total++;
          return { reverseName: null, reverse: 'failed' };
        }
        waiting.set(address, Promise.withResolvers());
        queue.push(address);
        start();
      }
      return { reverseName: known?.name ?? null, reverse: 'asked' };
    },
    settled: (address) => waiting.get(address)?.promise ?? Promise.resolve(),
    state: () => ({ on: scope !== 'off', cached: answers.size, waiting: waiting.size }),
    counters: () => ({ ...counts, cached: answers.size, waiting: waiting.size }),
  };
}

/** As the machine's own configuration says, so that names of private networks are asked nowhere else. */
function askResolver(): (address: string) => Promise<string[]> {
  const resolver = new Resolver({ timeout: patienceMs, tries: 1 });
  return (address) => resolver.reverse(address);
}
