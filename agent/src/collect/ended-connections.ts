// A bounded memory of connections that ended: so that late news of them and their TIME_WAIT remainders are not taken for new ones.
import { type ConnectionRecord, tupleKey } from './connection.ts';

const MAX_REMEMBERED = 16_384;

export class EndedConnections {
  readonly #byTuple = new Map<string, ConnectionRecord>();
  readonly #cookies = new Set<number>();

  add(record: ConnectionRecord): void {
    remember(this.#cookies, record.cookie);
    if (record.protocol !== 6 || record.remotePort === 0) return;
    const key = tupleKey(record);
    this.#byTuple.delete(key);
    this.#byTuple.set(key, record);
    if (this.#byTuple.size > MAX_REMEMBERED) this.#byTuple.delete(this.#byTuple.keys().next().value!);
  }

  hasCookie(cookie: number): boolean {
    return this.#cookies.has(cookie);
  }

  byTuple(key: string): ConnectionRecord | undefined {
    return this.#byTuple.get(key);
  }
}

/** The oldest goes first at the bound. */
function remember(cookies: Set<number>, cookie: number): void {
  cookies.add(cookie);
  if (cookies.size > MAX_REMEMBERED) cookies.delete(cookies.values().next().value!);
}
