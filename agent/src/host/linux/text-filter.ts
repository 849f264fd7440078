// A classic BPF program that lets through TCP segments that begin like text, of services that are not encrypted throughout.
//
// It runs on packets from their network header on (SOCK_DGRAM). Fragments and IPv6 extension headers are not followed.
import {
  AND,
  assemble,
  at,
  go,
  ifEqual,
  JUMP_IF,
  LD,
  LD_X,
  LDX_HEADER,
  LDX_NUMBER,
  onceOnLoopback,
  passOverTcpHeader,
  RETURN,
  type Step,
  step,
  unlessEqual,
} from './classic-bpf.ts';

const TCP = 6;
/** SSH, and what has "over TLS" in its name at IANA. */
const encryptedPorts = [22, 443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 5061, 5671, 6443, 8443, 8883];
/** So many characters in front have to be ASCII text: of encrypted segments one in fifty has that. */
const textInFront = 4;
const lineMarks = [9, 10, 13];
const snapBytes = 60_000;

const isText = (offset: number): Step[] => [
  step(LD_X.byte, offset),
  { code: JUMP_IF.greater, k: 0x7e, jt: 'drop' },
  { code: JUMP_IF.atLeast, k: 0x20, jt: `text${offset}` },
  ...lineMarks.map((mark) => ifEqual(mark, `text${offset}`)),
  go('drop'),
  at(`text${offset}`),
];

export const textFilter = assemble([
  ...onceOnLoopback('network', 'drop'),
  step(LD.byte, 0),
  step(AND, 0xf0),
  ifEqual(0x40, 'ipv4'),
  unlessEqual(0x60, 'drop'),
  step(LD.byte, 6),
  unlessEqual(TCP, 'drop'),
  step(LDX_NUMBER, 40),
  go('ports'),
  at('ipv4'),
  step(LD.half, 6),
  { code: JUMP_IF.set, k: 0x3fff, jt: 'drop' },
  step(LD.byte, 9),
  unlessEqual(TCP, 'drop'),
  step(LDX_HEADER, 0),
  at('ports'),
  ...[0, 2].flatMap((offset) => [step(LD_X.half, offset), ...encryptedPorts.map((port) => ifEqual(port, 'drop'))]),
  ...passOverTcpHeader,
  ...Array.from({ length: textInFront }, (_, offset) => isText(offset)).flat(),
  step(RETURN, snapBytes),
  at('drop'),
  step(RETURN, 0),
]);
