// Sums over the last 24 hours, by the hour, and what a day used to bring.
const hoursKept = 24;
/** How much a new day moves what is usual. */
const dayShare = 0.3;

/** So many days are believed; of a later one no more than this, so that one day does not make the next like it usual. */
const daysBelieved = 3;
const most = (usual: number) => Math.max(3 * usual, 1e6);

export interface DayWindowState {
  hour: number;
  sums: number[];
  usual: number;
  days: number;
  today: number;
  day: number;
}

export class DayWindow {
  #hour = 0;
  #sums: number[] = Array.from({ length: hoursKept }, () => 0);
  #day = 0;
  #today = 0;
  /** Decayed mean of whole days, the last one not in it. */
  usual = 0;
  days = 0;

  /** Late values count in their hour, if it is still kept. */
  add(atUs: number, value: number): void {
    const hour = Math.floor(atUs / 3.6e9);
    this.#advance(hour);
    if (this.#hour - hour >= hoursKept) return;
    this.#sums[mod(hour)]! += value;
    const day = Math.floor(hour / 24);
    if (day === this.#day) this.#today += value;
  }

  sum(): number {
    return this.#sums.reduce((sum, value) => sum + value, 0);
  }

  save(): DayWindowState {
    const { usual, days } = this;
    return { hour: this.#hour, sums: this.#sums, usual: Math.round(usual), days, today: this.#today, day: this.#day };
  }

  static restore(state: unknown): DayWindow {
    const window = new DayWindow();
    const { hour, sums, usual, days, today, day } = (state ?? {}) as Partial<DayWindowState>;
    const numbers = [hour, usual, days, today, day, ...(Array.isArray(sums) ? sums : [])];
    if (numbers.length !== 5 + hoursKept || !numbers.every((value) => Number.isFinite(value))) return window;
    window.#hour = hour!;
    window.#sums = [...sums!];
    window.usual = usual!;
    window.days = days!;
    window.#today = today!;
    window.#day = day!;
    return window;
  }

  #advance(hour: number): void {
    if (hour <= this.#hour) return;
    const ahead = Math.min(hour - this.#hour, hoursKept);
    for (let step = 0; step < ahead; step++) this.#sums[mod(hour - step)] = 0;
    const day = Math.floor(hour / 24);
    if (this.#day !== 0 && day > this.#day) {
      this.days++;
      const held = this.days > daysBelieved ? Math.min(this.#today, most(this.usual)) : this.#today;
      this.usual += Math.max(dayShare, 1 / this.days) * (held - this.usual);
      this.#today = 0;
    }
    this.#day = day;
    this.#hour = hour;
  }
}

function mod(hour: number): number {
  return ((hour % hoursKept) + hoursKept) % hoursKept;
}
