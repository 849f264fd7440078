// Classic BPF by hand: the instructions that this agent's own filters are made of, and labels in place of distances.
import type { Instruction } from '@foretop/proto/capture';

/** One instruction; `jt` and `jf` name labels, without one it goes on. */
export type Step = { code: number; k: number; jt?: string; jf?: string } | { label: string };

// linux/bpf_common.h
export const LD = { word: 0x20, half: 0x28, byte: 0x30 } as const;
/** At X plus k. */
export const LD_X = { word: 0x40, half: 0x48, byte: 0x50 } as const;
export const LD_MEMORY = 0x60;
export const LDX_NUMBER = 0x01;
/** The length of the IPv4 header that begins at k. */
export const LDX_HEADER = 0xb1;
export const STORE = 0x02;
const TAX = 0x07;
export const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const ADD_X = 0x0c;
const JUMP = 0x05;
export const JUMP_IF = { equal: 0x15, greater: 0x25, atLeast: 0x35, set: 0x45 } as const;
export const RETURN = 0x06;

// linux/filter.h: SKF_AD_OFF, and what the kernel knows of a packet beside its bytes.
const ANCILLARY = 0xffff_f000;
const PACKET_TYPE = ANCILLARY + 4;
const INTERFACE = ANCILLARY + 8;
/** linux/if_packet.h */
export const PACKET_OUTGOING = 4;
/** The loopback interface is the first of every network namespace. */
const LOOPBACK_INDEX = 1;

export const step = (code: number, k: number): Step => ({ code, k });
export const ifEqual = (k: number, jt: string): Step => ({ code: JUMP_IF.equal, k, jt });
export const unlessEqual = (k: number, jf: string): Step => ({ code: JUMP_IF.equal, k, jf });
export const go = (jt: string): Step => ({ code: JUMP, k: 0, jt });
export const at = (label: string): Step => ({ label });

/** On loopback each packet comes by twice: only what comes in goes on to `taken`, which comes next. */
export const onceOnLoopback = (taken: string, drop: string): Step[] => [
  step(LD.word, PACKET_TYPE),
  unlessEqual(PACKET_OUTGOING, taken),
  step(LD.word, INTERFACE),
  ifEqual(LOOPBACK_INDEX, drop),
  at(taken),
];

/** X goes from the beginning of a TCP header to that of what it carries. */
export const passOverTcpHeader: readonly Step[] = [
  step(LD_X.byte, 12),
  step(SHIFT_RIGHT, 2),
  step(AND, 0x3c),
  step(ADD_X, 0),
  step(TAX, 0),
];

/** With its labels as distances. */
export function assemble(program: readonly Step[]): Instruction[] {
  const places = new Map<string, number>();
  const code: Exclude<Step, { label: string }>[] = [];
  for (const entry of program)
    if ('label' in entry) places.set(entry.label, code.length);
    else code.push(entry);
  return code.map(({ code: operation, k, jt, jf }, index) => {
    const distance = (label: string | undefined) => (label === undefined ? 0 : places.get(label)! - index - 1);
    if (operation === JUMP) return { code: JUMP, jt: 0, jf: 0, k: distance(jt) };
    return { code: operation, jt: distance(jt), jf: distance(jf), k };
  });
}
