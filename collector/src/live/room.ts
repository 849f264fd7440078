// How many rows the live tables of all watched hosts hold together, and may.
import { limits } from '@foretop/proto';

export class Room {
  readonly #most: number;
  used = 0;
  /** Rows for which there was no room, since the start. */
  refused = 0;

  constructor(most: number = limits.liveRows) {
    this.#most = most;
  }

  /** Room for one row; false when there is none. */
  take(): boolean {
    if (this.used >= this.#most) {
      this.refused++;
      return false;
    }
    this.used++;
    return true;
  }

  giveBack(rows: number): void {
    this.used -= rows;
  }
}
