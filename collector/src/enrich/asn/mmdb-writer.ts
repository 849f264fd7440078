// Writes a MaxMind DB (format 2.0: https://maxmind.github.io/MaxMind-DB/) in memory: a tree of address bits whose leaves are records.

export type MmdbValue = string | number | readonly string[] | Readonly<Record<string, string | number>>;

export interface MmdbWriter {
  /**
   * An IPv4 network is put where readers look for it: under ::/96. Of networks within each other the smaller must come later.
   * `prefix` is at least 1. Quickest with the same object for the networks of one record.
   */
  insert(address: bigint, prefix: number, family: 4 | 6, record: Readonly<Record<string, string | number>>): void;
  /** `builtAt`: Unix seconds. */
  finish(type: string, description: string, builtAt: number): Buffer;
}

/** In the tree while it grows: 0 = empty, n > 0 = node n, n < 0 = the record at data offset -n - 1. */
type Slot = number;

const separatorBytes = 16;
const recordBits = 28;

export function createMmdbWriter(): MmdbWriter {
  let slots = new Int32Array(1 << 16);
  let nodes = 1;
  const data = createDataSection();

  const newNode = (both: Slot): number => {
    if ((nodes + 1) * 2 > slots.length) {
      const larger = new Int32Array(slots.length * 2);
      larger.set(slots);
      slots = larger;
    }
    slots[nodes * 2] = slots[nodes * 2 + 1] = both;
    return nodes++;
  };

  /** The node that these bits lead to, made where there is none. */
  const descend = (from: number, words: readonly number[], bits: number): number => {
    let node = from;
    for (let bit = 0; bit < bits; bit++) {
      const at = node * 2 + bitOf(words, bit);
      if (slots[at]! <= 0) {
        const made = newNode(slots[at]!);
        slots[at] = made;
      }
      node = slots[at]!;
    }
    return node;
  };

  const ipv4Root = descend(0, [0, 0, 0], 96);
  let [record, leaf]: [unknown, Slot] = [undefined, 0];

  return {
    insert(address, prefix, family, next) {
      if (next !== record) [record, leaf] = [next, -data.offsetOf(next) - 1];
      const shifts = family === 4 ? [0n] : [96n, 64n, 32n, 0n];
      const words = shifts.map((shift) => Number((address >> shift) & 0xffff_ffffn));
      const node = descend(family === 4 ? ipv4Root : 0, words, prefix - 1);
      slots[node * 2 + bitOf(words, prefix - 1)] = leaf;
    },
    finish(type, description, builtAt) {
      const tree = Buffer.alloc((nodes * recordBits * 2) / 8);
      for (let node = 0; node < nodes; node++) {
        writeNode(tree, node, pointer(slots[node * 2]!), pointer(slots[node * 2 + 1]!));
      }
      const metadata = encodeMetadata({ nodes, type, description, builtAt });
      return Buffer.concat([tree, Buffer.alloc(separatorBytes), data.bytes(), metadata]);
    },
  };

  function pointer(slot: Slot): number {
    if (slot > 0) return slot;
    return slot === 0 ? nodes : nodes + separatorBytes + (-slot - 1);
  }
}

/** Words of 32 bits, the highest bit of each first. */
const bitOf = (words: readonly number[], bit: number) => (words[bit >> 5]! >>> (31 - (bit & 31))) & 1;

/** 28 bits each: 24 of the left, the high four of left and right, 24 of the right. */
function writeNode(tree: Buffer, node: number, left: number, right: number): void {
  const at = node * 7;
  tree.writeUIntBE(left & 0xff_ffff, at, 3);
  tree[at + 3] = ((left >>> 24) << 4) | (right >>> 24);
  tree.writeUIntBE(right & 0xff_ffff, at + 4, 3);
}

function createDataSection() {
  const parts: Buffer[] = [];
  const offsets = new Map<string, number>();
  let size = 0;
  return {
    /** Records that are alike are kept once. */
    offsetOf(record: Readonly<Record<string, string | number>>): number {
      const key = JSON.stringify(record);
      const known = offsets.get(key);
      if (known !== undefined) return known;
      const offset = size;
      const bytes = encode(record);
      offsets.set(key, offset);
      parts.push(bytes);
      size += bytes.length;
      return offset;
    },
    bytes: () => Buffer.concat(parts),
  };
}

const metadataMarker = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');

function encodeMetadata(facts: { nodes: number; type: string; description: string; builtAt: number }): Buffer {
  const { nodes, type, description, builtAt } = facts;
  const fields: [string, Buffer][] = [
    ['binary_format_major_version', encodeUnsigned(uint16, 2)],
    ['binary_format_minor_version', encodeUnsigned(uint16, 0)],
    ['build_epoch', encodeUnsigned(uint64, builtAt)],
    ['database_type', encode(type)],
    ['description', encode({ en: description })],
    ['ip_version', encodeUnsigned(uint16, 6)],
    ['languages', encode(['en'])],
    ['node_count', encodeUnsigned(uint32, nodes)],
    ['record_size', encodeUnsigned(uint16, recordBits)],
  ];
  const body = fields.flatMap(([name, value]) => [encode(name), value]);
  return Buffer.concat([metadataMarker, control(map, fields.length), ...body]);
}

/** Numbers of the types, as the format has them. */
const [utf8, uint16, uint32, map, uint64, array] = [2, 5, 6, 7, 9, 11] as const;

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return Buffer.concat([control(utf8, bytes.length), bytes]);
  }
  if (typeof value === 'number') return encodeUnsigned(uint32, value);
  if (isList(value)) return Buffer.concat([control(array, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([
    control(map, entries.length),
    ...entries.flatMap(([name, one]) => [encode(name), encode(one)]),
  ]);
}

const isList = (value: MmdbValue): value is readonly string[] => Array.isArray(value);

/** Leading zero bytes are left out. */
function encodeUnsigned(type: number, value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.concat([control(type, bytes.length), Buffer.from(bytes)]);
}

/** Types from 8 on have a byte of their own; sizes from 29 on one or two more. */
function control(type: number, size: number): Buffer {
  const extended = type > 7 ? [type - 7] : [];
  const first = (type > 7 ? 0 : type) << 5;
  if (size < 29) return Buffer.from([first | size, ...extended]);
  if (size < 29 + 256) return Buffer.from([first | 29, ...extended, size - 29]);
  if (size >= 285 + 65_536) throw new RangeError(`a value of ${size} bytes is too long for a MaxMind DB`);
  return Buffer.from([first | 30, ...extended, (size - 285) >> 8, (size - 285) & 255]);
}
