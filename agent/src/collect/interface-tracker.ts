// Rates of the network interfaces between looks, and the sums that make the host's bandwidth.
import type { InterfaceCounters } from '../host/interface-counters.linux.ts';
import type { InterfaceDetails } from '../host/interface-details.linux.ts';
import { counterDelta, ratePerSecond } from '../host/counter.ts';
import type { InterfaceReading } from './tick.ts';

export interface Bandwidth {
  rxRate: number;
  txRate: number;
  loopbackRate: number;
}

export type ReadDetails = (names: readonly string[]) => ReadonlyMap<string, InterfaceDetails>;

const DETAILS_EVERY_US = 10_000_000;

const unknownInterface: InterfaceDetails = {
  up: true,
  loopback: false,
  counted: false,
  speedMbit: 0,
  mtu: 0,
  addresses: [],
  hardwareAddress: '',
};

export class InterfaceTracker {
  readonly #readDetails: ReadDetails;
  #details: ReadonlyMap<string, InterfaceDetails> = new Map();
  #detailsUs = -Infinity;
  #previous = new Map<string, InterfaceCounters>();
  #previousUs = 0;
  #quick = new Map<string, InterfaceCounters>();
  #quickUs = 0;

  constructor(readDetails: ReadDetails) {
    this.#readDetails = readDetails;
  }

  /** The full reading; rates are those since the last one, 0 for an interface that is new. */
  update(counters: readonly InterfaceCounters[], nowUs: number): InterfaceReading[] {
    this.#refreshDetails(counters, nowUs);
    const elapsedUs = nowUs - this.#previousUs;
    const readings = counters.map((now) => this.#reading(now, elapsedUs));
    this.#previous = new Map(counters.map((entry) => [entry.name, entry]));
    this.#previousUs = nowUs;
    return readings;
  }

  /** The host's rates since the last call of this function; independent of `update`. */
  bandwidth(counters: readonly InterfaceCounters[], nowUs: number): Bandwidth {
    if (this.#detailsUs === -Infinity) this.#refreshDetails(counters, nowUs);
    const elapsedUs = nowUs - this.#quickUs;
    const sums = { rxRate: 0, txRate: 0, loopbackRate: 0 };
    for (const now of counters) {
      const before = this.#quick.get(now.name);
      if (before) addRates(sums, this.#details.get(now.name) ?? unknownInterface, ratesOf(before, now, elapsedUs));
    }
    this.#quick = new Map(counters.map((entry) => [entry.name, entry]));
    this.#quickUs = nowUs;
    return sums;
  }

  #reading(now: InterfaceCounters, elapsedUs: number): InterfaceReading {
    const before = this.#previous.get(now.name);
    const rates = before ? ratesOf(before, now, elapsedUs) : { rxRate: 0, txRate: 0 };
    return { ...now, ...(this.#details.get(now.name) ?? unknownInterface), ...rates };
  }

  #refreshDetails(counters: readonly InterfaceCounters[], nowUs: number): void {
    const changed = counters.length !== this.#details.size || counters.some((entry) => !this.#details.has(entry.name));
    if (!changed && nowUs - this.#detailsUs < DETAILS_EVERY_US) return;
    this.#details = this.#readDetails(counters.map((entry) => entry.name));
    this.#detailsUs = nowUs;
  }
}

/** The sums of a full reading. */
export function hostBandwidth(readings: readonly InterfaceReading[]): Bandwidth {
  const sums = { rxRate: 0, txRate: 0, loopbackRate: 0 };
  for (const reading of readings) addRates(sums, reading, reading);
  return sums;
}

function addRates(
  sums: Bandwidth,
  kind: { loopback: boolean; counted: boolean },
  rates: { rxRate: number; txRate: number },
): void {
  if (kind.loopback) sums.loopbackRate += rates.rxRate;
  if (!kind.counted) return;
  sums.rxRate += rates.rxRate;
  sums.txRate += rates.txRate;
}

function ratesOf(
  before: InterfaceCounters,
  now: InterfaceCounters,
  elapsedUs: number,
): { rxRate: number; txRate: number } {
  return {
    rxRate: ratePerSecond(counterDelta(before.rxBytes, now.rxBytes), elapsedUs),
    txRate: ratePerSecond(counterDelta(before.txBytes, now.txBytes), elapsedUs),
  };
}
