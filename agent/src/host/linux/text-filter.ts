// A classic BPF program that lets through TCP segments that begin like text, of services that are not encrypted throughout.
//
// It runs on packets from their network header on (SOCK_DGRAM). Fragments and IPv6 extension headers are not followed.
import { assemble, type Instruction } from './packet-filter.ts';

// linux/bpf_common.h, linux/filter.h
const LD_BYTE = 0x30;
const LD_HALF = 0x28;
const LD_WORD = 0x20;
const LD_BYTE_X = 0x50;
const LD_HALF_X = 0x48;
const LDX_IMMEDIATE = 0x01;
const LDX_HEADER = 0xb1; // 4 * (byte & 15)
const TAX = 0x07;
const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const ADD_X = 0x0c;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER = 0x25;
const JUMP_GREATER_EQUAL = 0x35;
const JUMP_SET = 0x45;
const JUMP = 0x05;
const RETURN = 0x06;
const ANCILLARY = 0xfffff000; // SKF_AD_OFF
const PACKET_TYPE = ANCILLARY + 4;
const INTERFACE = ANCILLARY + 8;

// linux/if_packet.h; the loopback interface is the first of every network namespace.
const PACKET_OUTGOING = 4;
const LOOPBACK_INDEX = 1;
const TCP = 6;

/** SSH, and what has "over TLS" in its name at IANA. */
const encryptedPorts = [22, 443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 5061, 5671, 6443, 8443, 8883];
/** So many characters in front have to be ASCII text: of encrypted segments one in fifty has that. */
const textInFront = 4;
const lineMarks = [9, 10, 13];
const SNAP_BYTES = 60_000;

const load = (code: number, k: number): Instruction => ({ code, k });
const ifEqual = (k: number, jt: string): Instruction => ({ code: JUMP_EQUAL, k, jt });
const unlessEqual = (k: number, jf: string): Instruction => ({ code: JUMP_EQUAL, k, jf });
const go = (jt: string): Instruction => ({ code: JUMP, k: 0, jt });
const at = (label: string): Instruction => ({ label });

const isText = (offset: number): Instruction[] => [
  load(LD_BYTE_X, offset),
  { code: JUMP_GREATER, k: 0x7e, jt: 'drop' },
  { code: JUMP_GREATER_EQUAL, k: 0x20, jt: `text${offset}` },
  ...lineMarks.map((mark) => ifEqual(mark, `text${offset}`)),
  go('drop'),
  at(`text${offset}`),
];

const program: Instruction[] = [
  // On loopback each packet comes by twice.
  load(LD_WORD, PACKET_TYPE),
  unlessEqual(PACKET_OUTGOING, 'network'),
  load(LD_WORD, INTERFACE),
  ifEqual(LOOPBACK_INDEX, 'drop'),
  at('network'),
  load(LD_BYTE, 0),
  load(AND, 0xf0),
  ifEqual(0x40, 'ipv4'),
  unlessEqual(0x60, 'drop'),
  load(LD_BYTE, 6),
  unlessEqual(TCP, 'drop'),
  load(LDX_IMMEDIATE, 40),
  go('ports'),
  at('ipv4'),
  load(LD_HALF, 6),
  { code: JUMP_SET, k: 0x3fff, jt: 'drop' },
  load(LD_BYTE, 9),
  unlessEqual(TCP, 'drop'),
  load(LDX_HEADER, 0),
  at('ports'),
  ...[0, 2].flatMap((offset) => [load(LD_HALF_X, offset), ...encryptedPorts.map((port) => ifEqual(port, 'drop'))]),
  load(LD_BYTE_X, 12),
  load(SHIFT_RIGHT, 2),
  load(AND, 0x3c),
  load(ADD_X, 0),
  load(TAX, 0),
  ...Array.from({ length: textInFront }, (_, offset) => isText(offset)).flat(),
  load(RETURN, SNAP_BYTES),
  at('drop'),
  load(RETURN, 0),
];

/** `struct sock_filter`s one after the other. */
export const textFilter = (): Uint8Array => assemble(program);
