// For tests: the kernel's checks of a classic BPF program (net/core/filter.c), and a machine that runs one.
import { ancillary, type Instruction, linkHeader, mostInstructions, scratchWords } from './instructions.ts';

export interface TestPacket {
  /** What the program's offsets count from. */
  data: Uint8Array;
  /** The whole frame, for what is read of its header. */
  frame?: Uint8Array;
  protocol?: number;
  packetType?: number;
  deviceType?: number;
  /** Of a tag that was taken off. */
  vlanTag?: number;
}

/** What the kernel would refuse in it; undefined = nothing. */
export function faultOf(program: readonly Instruction[]): string | undefined {
  if (program.length === 0 || program.length > mostInstructions) return `${program.length} instructions`;
  const kept: (Set<number> | undefined)[] = [new Set()];
  const reach = (at: number, words: ReadonlySet<number>) => {
    const known = kept[at];
    kept[at] = known ? new Set([...known].filter((word) => words.has(word))) : new Set(words);
  };
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    const words = kept[at];
    if (!words) continue;
    const bad = (what: string) => `${what} at ${at}`;
    const kind = code & 7;
    if (kind === 6) continue;
    if (kind === 5) {
      const targets = code === 5 ? [at + 1 + k] : [at + 1 + jt, at + 1 + jf];
      if (jt > 255 || jf > 255 || targets.some((target) => target >= program.length)) return bad('a jump too far');
      for (const target of targets) reach(target, words);
      continue;
    }
    if (code === 2 && k >= scratchWords) return bad('a store beyond the memory');
    if (code === 2) words.add(k);
    if ((code === 0x60 || code === 0x61) && !words.has(k)) return bad(`memory ${k} that was not written`);
    if (kind === 4 && (code & 8) === 0 && ((code & 0xf0) === 0x30 || (code & 0xf0) === 0x90) && k === 0)
      return bad('a division by 0');
    if (kind === 4 && (code & 8) === 0 && [0x60, 0x70].includes(code & 0xf0) && k > 31) return bad('a shift');
    if (at + 1 >= program.length) return bad('an end without a return');
    reach(at + 1, words);
  }
  return undefined;
}

/** What it returns; 0 also for bytes that are not there. */
export function run(program: readonly Instruction[], packet: TestPacket): number {
  const memory = new Uint32Array(scratchWords);
  let [a, x] = [0, 0];
  for (let at = 0; at < program.length; at++) {
    const { code, jt, jf, k } = program[at]!;
    const operand = code & 8 ? x : k;
    switch (code & 7) {
      case 0: {
        const value = loaded(code, k, x, packet, memory);
        if (value === undefined) return 0;
        a = value;
        break;
      }
      case 1:
        x = code === 0x61 ? memory[k]! : k;
        break;
      case 2:
        memory[k] = a;
        break;
      case 4:
        if ((code & 0xf0) === 0x30 && operand === 0) return 0;
        if ((code & 0xf0) === 0x90 && operand === 0) return 0;
        a = reckoned(code & 0xf0, a, operand);
        break;
      case 5:
        at += code === 5 ? k : isSo(code & 0xf0, a, operand) ? jt : jf;
        break;
      case 6:
        return k;
      default:
        x = a;
    }
  }
  throw new Error('It ended without a return.');
}

function loaded(code: number, k: number, x: number, packet: TestPacket, memory: Uint32Array): number | undefined {
  if (code === 0x00) return k;
  if (code === 0x60) return memory[k];
  if (code === 0x80) return packet.data.length;
  if (code < 0x40 && k >= ancillary.protocol) return known(k, packet);
  const place = code >= 0x40 ? (k + x) >>> 0 : k;
  const size = { 0: 4, 8: 2, 16: 1 }[code & 0x18]!;
  const [bytes, from] = place >= linkHeader ? [packet.frame ?? packet.data, place - linkHeader] : [packet.data, place];
  if (from + size > bytes.length) return undefined;
  let value = 0;
  for (let index = 0; index < size; index++) value = value * 256 + bytes[from + index]!;
  return value;
}

function known(k: number, { protocol = 0, packetType = 0, deviceType = 1, vlanTag }: TestPacket): number {
  switch (k) {
    case ancillary.protocol:
      return protocol;
    case ancillary.packetType:
      return packetType;
    case ancillary.deviceType:
      return deviceType;
    case ancillary.vlanTag:
      return vlanTag ?? 0;
    case ancillary.vlanTagIsPresent:
      return vlanTag === undefined ? 0 : 1;
    default:
      throw new Error(`The kernel knows no ${k}.`);
  }
}

function reckoned(operation: number, a: number, b: number): number {
  switch (operation) {
    case 0x00:
      return (a + b) >>> 0;
    case 0x10:
      return (a - b) >>> 0;
    case 0x20:
      return Math.imul(a, b) >>> 0;
    case 0x30:
      return Math.floor(a / b);
    case 0x40:
      return (a | b) >>> 0;
    case 0x50:
      return (a & b) >>> 0;
    case 0x60:
      return (a << b) >>> 0;
    case 0x70:
      return a >>> b;
    case 0x90:
      return a % b;
    case 0xa0:
      return (a ^ b) >>> 0;
    default:
      throw new Error(`There is no operation ${operation}.`);
  }
}

function isSo(condition: number, a: number, b: number): boolean {
  switch (condition) {
    case 0x10:
      return a === b;
    case 0x20:
      return a > b;
    case 0x30:
      return a >= b;
    case 0x40:
      return (a & b) !== 0;
    default:
      throw new Error(`There is no condition ${condition}.`);
  }
}
