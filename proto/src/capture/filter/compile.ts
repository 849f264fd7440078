// Compiles a filter to classic BPF for a packet socket, whatever its interfaces are: the kernel runs it before anything is copied.
import { Assembler, type Label, next } from './assembler.ts';
import { compileRelation } from './compile-relation.ts';
import { type Begins, fact, findFacts, noTag, requireBytes, types } from './facts.ts';
import { FilterFault } from './filter-fault.ts';
import type { Direction, Filter, Primitive } from './filter.ts';
import {
  ALU,
  ancillary,
  type Instruction,
  JUMP_IF,
  LD,
  LD_MEMORY,
  LD_X,
  LDX_MEMORY,
  linkHeader,
  mostInstructions,
  RETURN,
} from './instructions.ts';

export interface CompileOptions {
  /** What the packets' data begins with: Ethernet's header, or that of what it carries, as on a cooked socket. */
  begins: Begins;
  /** Of each packet that is taken. */
  snapBytes: number;
  /** Interfaces like `lo` show each packet twice. */
  loopback: 'never' | 'once';
}

// linux/if_arp.h, linux/if_packet.h
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const PACKET_OUTGOING = 4;

type Part<Kind extends Primitive['kind']> = Extract<Primitive, { kind: Kind }>;

/** Throws FilterFault for one that makes more instructions than the kernel takes. */
export function compileFilter(filter: Filter, { begins, snapBytes, loopback }: CompileOptions): Instruction[] {
  const code = new Assembler();
  const [accept, refuse] = [code.label(), code.label()];
  passOverLoopback(code, loopback, refuse);
  findFacts(code, filter, begins);
  new Compiler(code, begins).filter(filter, accept, refuse);
  code.place(refuse);
  code.emit(RETURN, 0);
  code.place(accept);
  code.emit(RETURN, snapBytes);
  const program = code.assemble();
  if (program.length > mostInstructions)
    throw new FilterFault(`It asks for too much: ${program.length} steps, ${mostInstructions} are allowed.`, 0);
  return program;
}

function passOverLoopback(code: Assembler, loopback: CompileOptions['loopback'], refuse: Label): void {
  const goOn = code.label();
  code.emit(LD.word, ancillary.deviceType);
  if (loopback === 'never') code.branch(JUMP_IF.equal, ARPHRD_LOOPBACK, refuse, goOn);
  else {
    code.branch(JUMP_IF.equal, ARPHRD_LOOPBACK, next, goOn);
    code.emit(LD.word, ancillary.packetType);
    code.branch(JUMP_IF.equal, PACKET_OUTGOING, refuse, goOn);
  }
  code.place(goOn);
}

class Compiler {
  readonly #code: Assembler;
  readonly #begins: Begins;

  constructor(code: Assembler, begins: Begins) {
    this.#code = code;
    this.#begins = begins;
  }

  filter(filter: Filter, yes: Label, no: Label): void {
    const code = this.#code;
    switch (filter.kind) {
      case 'not':
        return this.filter(filter.filter, no, yes);
      case 'and':
      case 'or': {
        const middle = code.label();
        if (filter.kind === 'and') this.filter(filter.left, middle, no);
        else this.filter(filter.left, yes, middle);
        code.place(middle);
        return this.filter(filter.right, yes, no);
      }
      case 'everything':
        return code.go(yes);
      case 'ethertype':
        return this.#isFact(fact.etherType, filter.type, yes, no);
      case 'protocol':
        return this.#protocol(filter, yes, no);
      case 'port':
        return this.#port(filter, yes, no);
      case 'address':
        return filter.address.length === 4 ? this.#ipv4(filter, yes, no) : this.#ipv6(filter, yes, no);
      case 'mac':
        return this.#mac(filter, yes, no);
      case 'cast':
        return this.#cast(filter, yes, no);
      case 'vlan':
        if (filter.id === undefined) return this.#isFact(fact.vlan, noTag, no, yes);
        return this.#isFact(fact.vlan, filter.id, yes, no);
      case 'outbound':
        code.emit(LD.word, ancillary.packetType);
        return code.branch(JUMP_IF.equal, PACKET_OUTGOING, yes, no);
      case 'relation':
        return compileRelation(code, filter, this.#begins, (missing) => this.#requireEthernet(missing), yes, no);
      default:
        return filter satisfies never;
    }
  }

  #isFact(word: number, value: number, yes: Label, no: Label): void {
    this.#code.emit(LD_MEMORY, word);
    this.#code.branch(JUMP_IF.equal, value, yes, no);
  }

  /** Goes on when it is so. */
  #requireFact(word: number, value: number, no: Label): void {
    this.#isFact(word, value, next, no);
  }

  #protocol({ protocol, family }: Part<'protocol'>, yes: Label, no: Label): void {
    if (family) this.#requireFact(fact.etherType, types[family], no);
    this.#isFact(fact.protocol, protocol, yes, no);
  }

  #port({ from, to, direction, protocol }: Part<'port'>, yes: Label, no: Label): void {
    const code = this.#code;
    if (protocol) this.#requireFact(fact.protocol, { tcp: 6, udp: 17, sctp: 132 }[protocol], no);
    this.#inDirection(direction, yes, no, (isSource, own, other) => {
      code.emit(LD_MEMORY, isSource ? fact.sourcePort : fact.destinationPort);
      if (from === to) return code.branch(JUMP_IF.equal, from, own, other);
      code.branch(JUMP_IF.atLeast, from, next, other);
      code.branch(JUMP_IF.greater, to, other, own);
    });
  }

  /** `test` for one end or both. */
  #inDirection(
    direction: Direction,
    yes: Label,
    no: Label,
    test: (isSource: boolean, yes: Label, no: Label) => void,
  ): void {
    if (direction === 'src' || direction === 'dst') return test(direction === 'src', yes, no);
    const second = this.#code.label();
    if (direction === 'src or dst') test(true, yes, second);
    else test(true, second, no);
    this.#code.place(second);
    test(false, yes, no);
  }

  #ipv4({ address, mask, direction, within }: Part<'address'>, yes: Label, no: Label): void {
    const code = this.#code;
    if (within) this.#requireFact(fact.addressed, types[within], no);
    else {
      this.#isFact(fact.addressed, 0, no, next);
    }
    this.#inDirection(direction, yes, no, (isSource, own, other) => {
      code.emit(LD_MEMORY, isSource ? fact.sourceAddress : fact.destinationAddress);
      if (wordAt(mask, 0) !== 0xffff_ffff) code.emit(ALU['&'], wordAt(mask, 0));
      code.branch(JUMP_IF.equal, wordAt(address, 0), own, other);
    });
  }

  #ipv6({ address, mask, direction }: Part<'address'>, yes: Label, no: Label): void {
    const code = this.#code;
    this.#requireFact(fact.etherType, types.ip6, no);
    requireBytes(code, fact.network, 40, no);
    code.emit(LDX_MEMORY, fact.network);
    this.#inDirection(direction, yes, no, (isSource, own, other) => {
      for (let at = 0; at < 16 && wordAt(mask, at) !== 0; at += 4) {
        code.emit(LD_X.word, (isSource ? 8 : 24) + at);
        if (wordAt(mask, at) !== 0xffff_ffff) code.emit(ALU['&'], wordAt(mask, at));
        code.branch(JUMP_IF.equal, wordAt(address, at), next, other);
      }
      code.go(own);
    });
  }

  #mac({ address, direction }: Part<'mac'>, yes: Label, no: Label): void {
    const code = this.#code;
    this.#requireEthernet(no);
    this.#inDirection(direction, yes, no, (isSource, own, other) => {
      const start = this.#ethernetAt + (isSource ? 6 : 0);
      code.emit(LD.word, start + 2);
      code.branch(JUMP_IF.equal, wordAt(address, 2), next, other);
      code.emit(LD.half, start);
      code.branch(JUMP_IF.equal, wordAt(address, 0) >>> 16, own, other);
    });
  }

  #cast({ what }: Part<'cast'>, yes: Label, no: Label): void {
    const code = this.#code;
    if (what === 'broadcast')
      return this.#mac({ kind: 'mac', address: new Uint8Array(6).fill(0xff), direction: 'dst' }, yes, no);
    if (what === 'multicast') {
      this.#requireEthernet(no);
      code.emit(LD.byte, this.#ethernetAt);
      return code.branch(JUMP_IF.set, 1, yes, no);
    }
    const isIpv4 = what === 'ip multicast';
    this.#requireFact(fact.etherType, isIpv4 ? types.ip : types.ip6, no);
    requireBytes(code, fact.network, isIpv4 ? 20 : 40, no);
    code.emit(LDX_MEMORY, fact.network);
    code.emit(LD_X.byte, isIpv4 ? 16 : 24);
    // RFC 1112 section 4, RFC 4291 section 2.7.
    return code.branch(JUMP_IF.atLeast, isIpv4 ? 224 : 255, yes, no);
  }

  get #ethernetAt(): number {
    return this.#begins === 'ethernet' ? 0 : linkHeader;
  }

  /** A cooked socket also shows packets of interfaces that have other frames. */
  #requireEthernet(no: Label): void {
    if (this.#begins === 'ethernet') return;
    const code = this.#code;
    const isEthernet = code.label();
    code.emit(LD.word, ancillary.deviceType);
    code.branch(JUMP_IF.equal, ARPHRD_ETHER, isEthernet, next);
    code.branch(JUMP_IF.equal, ARPHRD_LOOPBACK, isEthernet, no);
    code.place(isEthernet);
  }
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
