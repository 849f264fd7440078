// A classic BPF program that lets through TCP segments that begin like text, of services that are not encrypted throughout.
//
// It runs on packets from their network header on (SOCK_DGRAM). Fragments and IPv6 extension headers are not followed.
import { JUMP_IF, LD_X, RETURN } from '@foretop/proto/bpf';
import {
  assemble,
  at,
  branch,
  go,
  ifEqual,
  onceOnLoopback,
  passOverIpHeader,
  passOverTcpHeader,
  type Step,
  step,
  unlessEqual,
} from './classic-bpf.ts';

const TCP = 6;
/** SSH, and what has "over TLS" in its name at IANA. */
const encryptedPorts = [22, 443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 5061, 5671, 6443, 8443, 8883];
/** So many characters in front have to be ASCII text: of encrypted segments one in fifty has that. */
const textInFront = 4;
/** Of IPv4's fragment field: the offset, and the bit that more come. */
const anyFragment = 0x3fff;
const lineMarks = [9, 10, 13];
const snapBytes = 60_000;

const isText = (offset: number): Step[] => [
  step(LD_X.byte, offset),
  branch(JUMP_IF.greater, 0x7e, 'drop'),
  branch(JUMP_IF.atLeast, 0x20, `text${offset}`),
  ...lineMarks.map((mark) => ifEqual(mark, `text${offset}`)),
  go('drop'),
  at(`text${offset}`),
];

export const textFilter = assemble([
  ...onceOnLoopback('network', 'drop'),
  ...passOverIpHeader(anyFragment, [unlessEqual(TCP, 'drop')], 'drop'),
  ...[0, 2].flatMap((offset) => [step(LD_X.half, offset), ...encryptedPorts.map((port) => ifEqual(port, 'drop'))]),
  ...passOverTcpHeader,
  ...Array.from({ length: textInFront }, (_, offset) => isText(offset)).flat(),
  step(RETURN, snapBytes),
  at('drop'),
  step(RETURN, 0),
]);
