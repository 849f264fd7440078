// What a clock on the wall of a host shows, by the name of its time zone; between two changes of it nothing is looked up.

const hourUs = 3.6e9;
/** Year 9888: beyond it, and before 1970, every clock shows UTC. */
const farthestUs = 250e15;

export class LocalClock {
  /** Of the IANA database; UTC where there is no such zone. */
  readonly zone: string;
  /** Between these two times the clock is so far ahead of UTC. */
  #fromUs = 0;
  #toUs = 0;
  #aheadUs = 0;

  constructor(zone: string) {
    this.zone = zone;
  }

  /** How far it is ahead of UTC, microseconds. */
  aheadUs(atUs: number): number {
    if (this.zone === '' || !(atUs >= 0 && atUs < farthestUs)) return 0;
    if (!(atUs >= this.#fromUs && atUs < this.#toUs)) this.#look(atUs);
    return this.#aheadUs;
  }

  /** Number of the hour in which it is: they begin when this clock strikes, and count up whatever it is set to. */
  hourOf(atUs: number): number {
    return Math.floor((atUs + this.#pastHourUs(atUs)) / hourUs);
  }

  startOf(hour: number): number {
    return hour * hourUs - this.#pastHourUs(hour * hourUs);
  }

  /** What it shows when an hour strikes in UTC; 0 but for zones of half hours. */
  #pastHourUs(atUs: number): number {
    const past = this.aheadUs(atUs) % hourUs;
    return past < 0 ? past + hourUs : past;
  }

  #look(atUs: number): void {
    this.#fromUs = 0;
    this.#toUs = farthestUs;
    this.#aheadUs = 0;
    try {
      const at = Temporal.Instant.fromEpochMilliseconds(Math.floor(atUs / 1000)).toZonedDateTimeISO(this.zone);
      // The one before is strictly before, and this may be the moment of a change.
      const from = at.add({ nanoseconds: 1 }).getTimeZoneTransition('previous');
      const to = at.getTimeZoneTransition('next');
      this.#aheadUs = at.offsetNanoseconds / 1000;
      if (from !== null) this.#fromUs = 1000 * from.epochMilliseconds;
      if (to !== null) this.#toUs = 1000 * to.epochMilliseconds;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
}
