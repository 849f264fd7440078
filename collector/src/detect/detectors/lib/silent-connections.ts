// Connections that were answered, and on which whoever opened them has said nothing so far. Their first row may be of the instant in
// which they began, so only later is there something to tell: a word, or that he left without one.
import type { ConnectionObservation, HostKey } from '../../observation.ts';
import { RecentMap } from './recent-map.ts';

const mostConnections = 16_384;
/** Clients speak within the second, after a server's greeting too; whoever is silent that long has come for the port. */
const silentUs = 60_000_000;

export class SilentConnections {
  readonly #hosts = new RecentMap<HostKey>(mostConnections);

  /** It has been answered, and nobody knows yet what its opener came for. */
  isWaiting({ id, host, first }: ConnectionObservation): boolean {
    return !first && this.#hosts.peek(id) === host;
  }

  /** Call it for the spans of those that are silent so far. @returns whether silence is all that comes. */
  isLeft({ id, host, closed, openedUs, atUs }: ConnectionObservation): boolean {
    if (closed || atUs - openedUs >= silentUs) {
      this.#hosts.delete(id);
      return true;
    }
    this.#hosts.set(id, host);
    return false;
  }

  /** Its opener has spoken. */
  spoke({ id }: ConnectionObservation): void {
    this.#hosts.delete(id);
  }
}
