// IP fragments put together again, with bounds on everything (RFC 791, RFC 8200 section 4.5). Of overlapping ones the first wins.

const maxDatagrams = 256;
const maxFragments = 128;
const maxBytes = 65_535;
const lifeUs = 30_000_000;

interface Fragment {
  start: number;
  bytes: Uint8Array;
}

interface Datagram {
  /** Without overlaps, in order. */
  fragments: Fragment[];
  kept: number;
  /** Of the whole; -1 until the last fragment came. */
  total: number;
  startedUs: number;
}

export class Fragments {
  readonly #datagrams = new Map<string, Datagram>();
  /** Datagrams that never became whole, or were too much. */
  dropped = 0;

  /** Keeps a copy. @returns the whole datagram's payload when this was the missing piece. */
  add(key: string, start: number, bytes: Uint8Array, isLast: boolean, nowUs: number): Uint8Array | undefined {
    this.#expire(nowUs);
    const datagram = this.#datagrams.get(key) ?? this.#open(key, nowUs);
    if (isLast) datagram.total = start + bytes.length;
    if (start + bytes.length > maxBytes || datagram.fragments.length >= maxFragments) {
      this.#datagrams.delete(key);
      this.dropped++;
      return undefined;
    }
    insert(datagram, start, bytes);
    if (datagram.kept !== datagram.total) return undefined;
    this.#datagrams.delete(key);
    return join(datagram);
  }

  #open(key: string, startedUs: number): Datagram {
    if (this.#datagrams.size >= maxDatagrams) {
      this.#datagrams.delete(this.#datagrams.keys().next().value!);
      this.dropped++;
    }
    const datagram: Datagram = { fragments: [], kept: 0, total: -1, startedUs };
    this.#datagrams.set(key, datagram);
    return datagram;
  }

  #expire(nowUs: number): void {
    for (const [key, { startedUs }] of this.#datagrams) {
      if (nowUs - startedUs < lifeUs) return;
      this.#datagrams.delete(key);
      this.dropped++;
    }
  }
}

function insert(datagram: Datagram, start: number, bytes: Uint8Array): void {
  const { fragments } = datagram;
  let index = fragments.findIndex((other) => other.start > start);
  if (index < 0) index = fragments.length;
  const before = fragments[index - 1];
  const from = before ? Math.max(start, before.start + before.bytes.length) : start;
  const to = Math.min(start + bytes.length, fragments[index]?.start ?? Infinity);
  if (from >= to) return;
  fragments.splice(index, 0, { start: from, bytes: bytes.slice(from - start, to - start) });
  datagram.kept += to - from;
}

function join({ fragments, total }: Datagram): Uint8Array | undefined {
  const whole = new Uint8Array(total);
  for (const { start, bytes } of fragments) {
    if (start + bytes.length > total) return undefined;
    whole.set(bytes, start);
  }
  return whole;
}
