// The starts of connections from one program to one place, in bounded memory: the newest ones, the newest after a pause, and how many came in each
// hour. Late ones are put where they belong.

/** Newest starts; a beacon a minute fills them in four hours. */
const mostStarts = 256;
/** Newest starts after a pause: a beacon every six hours fills them in two weeks. */
const mostSessions = 64;
/** A pause that makes a session, seconds. */
export const sessionGap = 600;
/** Starts that lie closer than this are one: the two addresses of a name, both protocols. Seconds. */
const sameStart = 0.1;
const hoursKept = 72;
/** Local ports of TCP connections that are not told from a new start: a retried handshake, one flow cut in pieces by its recorder. */
const portsKept = 4;
const portIsOldAfter = 3600;

export interface Start {
  /** Seconds since the epoch. */
  at: number;
  /** Payload sent; undefined = not known. */
  bytes: number | undefined;
  failed: boolean;
  /** Of its own end; 0 = not known. */
  localPort: number;
  /** A connection that comes again from the same port is the same one; datagrams may well use one port. */
  connected: boolean;
}

export interface SeriesState {
  total: number;
  failed: number;
  samePort: number;
  first: number;
  /** The first start, then the time since the one before, in tenths of a second. */
  starts: number[];
  sizes: number[];
  sessions: number[];
  /** Hour since the epoch of the newest count, then counts from the oldest. */
  hours: number[];
}

const unknownSize = -1;

export class BeatSeries {
  starts: number[] = [];
  sizes: number[] = [];
  sessions: number[] = [];
  total = 0;
  failed = 0;
  /** Datagrams that came from the same port as those before. */
  samePort = 0;
  first = 0;
  #lastHour = 0;
  #hours: number[] = [];
  #lastPort = 0;
  readonly #ports: { port: number; at: number }[] = [];

  get last(): number {
    return this.starts.at(-1) ?? 0;
  }

  /** Whether it was a beat, and not the same one again. */
  add({ at, bytes, failed, localPort, connected }: Start): boolean {
    if (connected && localPort !== 0 && this.#continues(localPort, at)) return false;
    const { starts, sizes } = this;
    let place = starts.length;
    while (place > 0 && starts[place - 1]! > at) place--;
    if (place === 0 && starts.length === mostStarts) return false;
    const before = place > 0 && at - starts[place - 1]! <= sameStart ? place - 1 : -1;
    const same = before >= 0 ? before : place < starts.length && starts[place]! - at <= sameStart ? place : -1;
    if (same >= 0) {
      if (bytes !== undefined) sizes[same] = Math.max(sizes[same]!, 0) + bytes;
      return false;
    }
    this.#addSession(at, place);
    starts.splice(place, 0, at);
    sizes.splice(place, 0, bytes ?? unknownSize);
    if (starts.length > mostStarts) {
      starts.shift();
      sizes.shift();
    }
    this.total++;
    if (failed) this.failed++;
    if (!connected && localPort !== 0) {
      if (localPort === this.#lastPort) this.samePort++;
      this.#lastPort = localPort;
    }
    if (this.first === 0 || at < this.first) this.first = at;
    this.#countHour(Math.floor(at / 3600));
    return true;
  }

  /** Known sizes of the starts that are kept. */
  knownSizes(): number[] {
    return this.sizes.filter((size) => size !== unknownSize);
  }

  /** Starts in each hour from the first that is kept to the newest, both of which may be cut. */
  hourCounts(): readonly number[] {
    return this.#hours;
  }

  /** With at most so many of the newest starts. */
  save(mostStartsSaved = mostStarts): SeriesState {
    const from = Math.max(0, this.starts.length - mostStartsSaved);
    const steps = (times: number[]) =>
      times.map((time, at) => Math.round(10 * (at === 0 ? time : time - times[at - 1]!)));
    return {
      total: this.total,
      failed: this.failed,
      samePort: this.samePort,
      first: Math.round(this.first),
      starts: steps(this.starts.slice(from)),
      sizes: this.sizes.slice(from),
      sessions: steps(this.sessions),
      hours: [this.#lastHour, ...this.#hours],
    };
  }

  /** Undefined of anything that save did not write. */
  static restore(state: unknown): BeatSeries | undefined {
    const { total, failed, samePort, first, starts, sizes, sessions, hours } = (state ?? {}) as Partial<SeriesState>;
    const lists = [starts, sizes, sessions, hours];
    if (!lists.every((list) => Array.isArray(list) && list.every((value) => Number.isFinite(value)))) return undefined;
    if (![total, failed, samePort, first].every((value) => Number.isFinite(value))) return undefined;
    if (starts!.length !== sizes!.length || starts!.length > mostStarts) return undefined;
    if (sessions!.length > mostSessions || hours!.length > hoursKept + 1) return undefined;
    const times = (steps: number[]) => {
      let sum = 0;
      return steps.map((step) => (sum += step) / 10);
    };
    const series = new BeatSeries();
    series.total = total!;
    series.failed = failed!;
    series.samePort = samePort!;
    series.first = first!;
    series.starts = times(starts!);
    series.sizes = sizes!;
    series.sessions = times(sessions!);
    [series.#lastHour = 0, ...series.#hours] = hours!;
    return series;
  }

  #continues(port: number, at: number): boolean {
    const known = this.#ports.find((entry) => entry.port === port);
    if (known !== undefined && Math.abs(at - known.at) < portIsOldAfter) {
      known.at = Math.max(known.at, at);
      return true;
    }
    this.#ports.push({ port, at });
    if (this.#ports.length > portsKept) this.#ports.shift();
    return false;
  }

  #addSession(at: number, place: number): void {
    const before = this.starts[place - 1];
    if (place === this.starts.length) {
      if (before === undefined || at - before > sessionGap) this.sessions.push(at);
    } else {
      // A late one: it may begin a session, and take its beginning from the one behind it.
      const after = this.starts[place]!;
      if (after - at <= sessionGap) this.sessions = this.sessions.filter((session) => session !== after);
      if (before === undefined || at - before > sessionGap) {
        const behind = this.sessions.findIndex((session) => session > at);
        this.sessions.splice(behind < 0 ? this.sessions.length : behind, 0, at);
      }
    }
    if (this.sessions.length > mostSessions) this.sessions.shift();
  }

  #countHour(hour: number): void {
    if (this.#hours.length === 0) this.#lastHour = hour;
    const ahead = hour - this.#lastHour;
    if (ahead > 0) {
      for (let at = 0; at < Math.min(ahead, hoursKept); at++) this.#hours.push(0);
      this.#hours.splice(0, this.#hours.length - hoursKept);
      this.#lastHour = hour;
    } else if (this.#hours.length === 0) this.#hours.push(0);
    const index = this.#hours.length - 1 + Math.min(ahead, 0);
    if (index >= 0) this.#hours[index] = this.#hours[index]! + 1;
  }
}
