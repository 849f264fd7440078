// Slows down guessing of passwords by account, by network and by both, without letting a guesser lock the owner out.
import { createBackoff } from './backoff.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** One account from one network: a person who mistypes meets no wait, a guesser gets some hundred tries a day. */
const pairRule = { free: 5, firstMs: second, mostMs: 15 * minute, forgetMs: 6 * hour };
/** One network over all accounts: the same few passwords tried on every name. */
const networkRule = { free: 30, firstMs: second, mostMs: minute, forgetMs: hour };
/** One account over all networks: many machines guess together. */
const accountRule = { free: 100, firstMs: second, mostMs: 30 * second, forgetMs: hour };

export interface Guess {
  /** The name as it is looked for, whether it exists or not. */
  name: string;
  network: string;
  /** This network has a session of the account open. It is bound as a pair only, whatever others do meanwhile. */
  known: boolean;
}

export interface Guessing {
  /**
   * Counts the attempt as failed before it is looked at, so that many at once are no way around. @returns milliseconds to
   * wait instead, 0 = go on.
   */
  begin(guess: Guess): number;
  /** The attempt was right. */
  succeeded(guess: Guess): void;
  /** The attempt was not looked at after all. */
  abandoned(guess: Guess): void;
  counters(): Record<string, number>;
}

export function createGuessing(now: () => number): Guessing {
  const pairs = createBackoff(pairRule, now);
  const networks = createBackoff(networkRule, now);
  const accounts = createBackoff(accountRule, now);
  const pairOf = ({ name, network }: Guess) => `${network} ${name}`;
  let slowed = 0;

  const forgiveOthers = ({ name, network, known }: Guess) => {
    if (known) return;
    networks.forgive(network);
    accounts.forgive(name);
  };

  return {
    begin(guess) {
      const { name, network, known } = guess;
      const others = known ? 0 : Math.max(networks.waitMs(network), accounts.waitMs(name));
      const waitMs = Math.max(pairs.waitMs(pairOf(guess)), others);
      if (waitMs > 0) {
        slowed += 1;
        return waitMs;
      }
      pairs.failed(pairOf(guess));
      if (!known) {
        networks.failed(network);
        accounts.failed(name);
      }
      return 0;
    },
    succeeded(guess) {
      pairs.forget(pairOf(guess));
      forgiveOthers(guess);
    },
    abandoned(guess) {
      pairs.forgive(pairOf(guess));
      forgiveOthers(guess);
    },
    counters: () => ({ password_attempts_slowed_total: slowed }),
  };
}
