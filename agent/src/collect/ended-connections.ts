// A bounded memory of connections that ended: so that late news of them and their TIME_WAIT remainders are not taken for new ones.
import { Generations } from '../inspect/generations.ts';
import { type ConnectionRecord, tupleKey } from './connection.ts';

const MAX_COOKIES = 16_384;
/** Each keeps its whole record: who owned it may be found later than that it ended. */
const MAX_RECORDS = 8_192;

export class EndedConnections {
  readonly #byTuple = new Generations<ConnectionRecord>(MAX_RECORDS);
  readonly #cookies = new Generations<true, number>(MAX_COOKIES);

  add(record: ConnectionRecord): void {
    this.#cookies.set(record.cookie, true);
    if (record.protocol === 6 && record.remotePort !== 0) this.#byTuple.set(tupleKey(record), record);
  }

  hasCookie(cookie: number): boolean {
    return this.#cookies.get(cookie) !== undefined;
  }

  byTuple(key: string): ConnectionRecord | undefined {
    return this.#byTuple.get(key);
  }
}
