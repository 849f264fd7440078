// Classic BPF as the kernel reads it.

/** `struct sock_filter` (linux/filter.h): `jt` and `jf` are how many instructions are passed over. */
export interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

/** BPF_MAXINSNS of linux/bpf_common.h. */
export const mostInstructions = 4_096;
/** BPF_MEMWORDS of linux/filter.h. */
export const scratchWords = 16;

// linux/bpf_common.h: class, size, mode, operation and source of an operand, added up.
export const LD = { word: 0x20, half: 0x28, byte: 0x30 } as const;
/** At X plus k. */
export const LD_X = { word: 0x40, half: 0x48, byte: 0x50 } as const;
export const LD_NUMBER = 0x00;
export const LD_MEMORY = 0x60;
export const LD_LENGTH = 0x80;
export const LDX_NUMBER = 0x01;
export const LDX_MEMORY = 0x61;
/** The length of the IPv4 header that begins at k. */
export const LDX_HEADER = 0xb1;
export const STORE = 0x02;
export const TAX = 0x07;
export const RETURN = 0x06;
export const JUMP = 0x05;
export const JUMP_IF = { equal: 0x15, greater: 0x25, atLeast: 0x35, set: 0x45 } as const;
/** Compares A with X instead of k. */
export const WITH_X = 0x08;
export const ALU = {
  '+': 0x04,
  '-': 0x14,
  '*': 0x24,
  '/': 0x34,
  '|': 0x44,
  '&': 0x54,
  '<<': 0x64,
  '>>': 0x74,
  '%': 0x94,
  '^': 0xa4,
} as const;

// linux/filter.h: what the kernel knows of a packet beside its bytes.
const SKF_AD_OFF = 0xffff_f000;
export const ancillary = {
  protocol: SKF_AD_OFF,
  packetType: SKF_AD_OFF + 4,
  interface: SKF_AD_OFF + 8,
  deviceType: SKF_AD_OFF + 8 + 20,
  vlanTag: SKF_AD_OFF + 44,
  vlanTagIsPresent: SKF_AD_OFF + 48,
} as const;
/** SKF_LL_OFF: from here on the frame's own header, wherever the packet's data begins. */
export const linkHeader = 0xffe0_0000;
