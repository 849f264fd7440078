// Programs of classic BPF as lists of steps, whose labels have names, and the pieces that several of the agent's filters begin with.
import {
  ALU,
  ancillary,
  Assembler,
  type Instruction,
  JUMP_IF,
  type Label,
  LD,
  LD_X,
  LDX_HEADER,
  LDX_NUMBER,
  next,
  TAX,
  WITH_X,
} from '@foretop/proto/bpf';

/** Adds itself to a program, in which each name stands for one label. */
export type Step = (code: Assembler, label: (name: string) => Label) => void;

/** linux/if_packet.h */
export const PACKET_OUTGOING = 4;
/** The loopback interface is the first of every network namespace. */
const LOOPBACK_INDEX = 1;

export const step =
  (operation: number, k: number): Step =>
  (code) =>
    code.emit(operation, k);
/** A way without a label goes on. */
export const branch =
  (operation: number, k: number, ifTrue?: string, ifFalse?: string): Step =>
  (code, label) =>
    code.branch(
      operation,
      k,
      ifTrue === undefined ? next : label(ifTrue),
      ifFalse === undefined ? next : label(ifFalse),
    );
export const ifEqual = (k: number, to: string): Step => branch(JUMP_IF.equal, k, to);
export const unlessEqual = (k: number, to: string): Step => branch(JUMP_IF.equal, k, undefined, to);
export const go =
  (to: string): Step =>
  (code, label) =>
    code.go(label(to));
export const at =
  (name: string): Step =>
  (code, label) =>
    code.place(label(name));

/** On loopback each packet comes by twice: only what comes in goes on to `taken`, which comes next. */
export const onceOnLoopback = (taken: string, drop: string): Step[] => [
  step(LD.word, ancillary.packetType),
  unlessEqual(PACKET_OUTGOING, taken),
  step(LD.word, ancillary.interface),
  ifEqual(LOOPBACK_INDEX, drop),
  at(taken),
];

/**
 * X goes to the beginning of what IP carries. IPv4 packets with one of the bits `fragments` in their fragment field are dropped, as
 * what is no IP is. `withProtocol` has the number of the protocol in A.
 */
export const passOverIpHeader = (fragments: number, withProtocol: readonly Step[], drop: string): Step[] => [
  step(LD.byte, 0),
  step(ALU['&'], 0xf0),
  ifEqual(0x40, 'ipv4'),
  unlessEqual(0x60, drop),
  step(LD.byte, 6),
  ...withProtocol,
  step(LDX_NUMBER, 40),
  go('carried'),
  at('ipv4'),
  step(LD.half, 6),
  branch(JUMP_IF.set, fragments, drop),
  step(LD.byte, 9),
  ...withProtocol,
  step(LDX_HEADER, 0),
  at('carried'),
];

/** X goes from the beginning of a TCP header to that of what it carries. */
export const passOverTcpHeader: readonly Step[] = [
  step(LD_X.byte, 12),
  step(ALU['>>'], 2),
  step(ALU['&'], 0x3c),
  step(ALU['+'] | WITH_X, 0),
  step(TAX, 0),
];

export function assemble(program: readonly Step[]): Instruction[] {
  const code = new Assembler();
  const labels = new Map<string, Label>();
  const label = (name: string): Label => {
    const known = labels.get(name) ?? code.label();
    labels.set(name, known);
    return known;
  };
  for (const add of program) add(code, label);
  return code.assemble();
}
