// Compiles comparisons of bytes and lengths. A packet that lacks what is asked for, its protocol or its bytes, does not fit.
import { type Assembler, type Label, next } from './assembler.ts';
import { type Begins, fact, firstFree, types } from './facts.ts';
import { FilterFault } from './filter-fault.ts';
import type { Arithmetic, HeaderName, Primitive } from './filter.ts';
import {
  ALU,
  JUMP_IF,
  LD_LENGTH,
  LD_MEMORY,
  LD_NUMBER,
  LD_X,
  LDX_MEMORY,
  linkHeader,
  scratchWords,
  STORE,
  TAX,
  WITH_X,
} from './instructions.ts';

/** Of Ethernet's header; where the data does not begin with it, that is all that can be read of it. */
const ethernetBytes = 14;
const sizes = { 1: LD_X.byte, 2: LD_X.half, 4: LD_X.word } as const;
const protocols = { tcp: 6, udp: 17, sctp: 132, icmp: 1, icmp6: 58 } as const;
const families: Partial<Record<HeaderName, number>> = {
  ip: types.ip,
  ip6: types.ip6,
  arp: types.arp,
  icmp: types.ip,
  icmp6: types.ip6,
};

/** `requireEthernet` goes on where there is such a header. Throws FilterFault for what needs more scratch memory than there is. */
export function compileRelation(
  code: Assembler,
  { relation, left, right }: Extract<Primitive, { kind: 'relation' }>,
  begins: Begins,
  requireEthernet: (no: Label) => void,
  yes: Label,
  no: Label,
): void {
  const terms = new Terms(code, begins, requireEthernet, no);
  const compare = (jump: number, ifTrue: Label, ifFalse: Label) => terms.compare(jump, left, right, ifTrue, ifFalse);
  switch (relation) {
    case '=':
      return compare(JUMP_IF.equal, yes, no);
    case '!=':
      return compare(JUMP_IF.equal, no, yes);
    case '>':
      return compare(JUMP_IF.greater, yes, no);
    case '<=':
      return compare(JUMP_IF.greater, no, yes);
    case '>=':
      return compare(JUMP_IF.atLeast, yes, no);
    case '<':
      return compare(JUMP_IF.atLeast, no, yes);
    default:
      return relation satisfies never;
  }
}

class Terms {
  readonly #code: Assembler;
  readonly #begins: Begins;
  readonly #requireEthernet: (no: Label) => void;
  readonly #no: Label;

  constructor(code: Assembler, begins: Begins, requireEthernet: (no: Label) => void, no: Label) {
    this.#code = code;
    this.#begins = begins;
    this.#requireEthernet = requireEthernet;
    this.#no = no;
  }

  compare(jump: number, left: Arithmetic, right: Arithmetic, yes: Label, no: Label): void {
    const isNumber = this.#bothInPlace(left, right, firstFree);
    if (isNumber === undefined) this.#code.branch(jump + WITH_X, 0, yes, no);
    else this.#code.branch(jump, isNumber, yes, no);
  }

  /** The left one in A; the right one in X, or given back when it is a number. */
  #bothInPlace(left: Arithmetic, right: Arithmetic, free: number): number | undefined {
    this.#load(left, free);
    if (right.kind === 'number') return right.value;
    this.#keep(free);
    this.#load(right, free + 1);
    this.#code.emit(TAX);
    this.#code.emit(LD_MEMORY, free);
    return undefined;
  }

  #keep(word: number): void {
    if (word >= scratchWords) throw new FilterFault('This is reckoned in more steps than there is room for.', 0);
    this.#code.emit(STORE, word);
  }

  /** Into A; `free`: from which word on scratch memory may be used. */
  #load(term: Arithmetic, free: number): void {
    const code = this.#code;
    switch (term.kind) {
      case 'number':
        return code.emit(LD_NUMBER, term.value);
      case 'length':
        return code.emit(LD_LENGTH);
      case 'operation': {
        const number = this.#bothInPlace(term.left, term.right, free);
        const operation = ALU[term.operator];
        return number === undefined ? code.emit(operation + WITH_X) : code.emit(operation, number);
      }
      case 'bytes':
        return this.#loadBytes(term, free);
      default:
        return term satisfies never;
    }
  }

  #loadBytes({ header, offset, size }: Extract<Arithmetic, { kind: 'bytes' }>, free: number): void {
    const code = this.#code;
    this.#load(offset, free);
    if (header === 'ether') return this.#loadEthernet(size, free);
    this.#keep(free);
    const place = this.#require(header);
    code.emit(LDX_MEMORY, place);
    code.emit(LD_MEMORY, free);
    code.emit(ALU['+'] + WITH_X);
    this.#requireRoom(size, free);
    code.emit(LDX_MEMORY, free);
    code.emit(sizes[size], 0);
  }

  /** The place is in A. It must not wrap around: what stands before a packet is not read. */
  #requireRoom(size: number, free: number): void {
    const code = this.#code;
    this.#keep(free);
    code.emit(TAX);
    code.emit(LD_LENGTH);
    code.branch(JUMP_IF.greater + WITH_X, 0, next, this.#no);
    code.emit(LD_MEMORY, free);
    code.emit(ALU['+'], size);
    code.emit(TAX);
    code.emit(LD_LENGTH);
    code.branch(JUMP_IF.atLeast + WITH_X, 0, next, this.#no);
  }

  /** The offset is in A. */
  #loadEthernet(size: 1 | 2 | 4, free: number): void {
    const code = this.#code;
    if (this.#begins === 'ethernet') {
      this.#requireRoom(size, free);
      code.emit(LDX_MEMORY, free);
      return code.emit(sizes[size], 0);
    }
    this.#keep(free);
    code.branch(JUMP_IF.greater, ethernetBytes - size, this.#no, next);
    this.#requireEthernet(this.#no);
    code.emit(LDX_MEMORY, free);
    code.emit(sizes[size], linkHeader);
  }

  /** Goes on when the packet has that header. @returns the word that says where it begins. */
  #require(header: Exclude<HeaderName, 'ether'>): number {
    const type = families[header];
    if (type !== undefined) this.#requireFact(fact.etherType, type);
    if (header === 'ip' || header === 'ip6' || header === 'arp') return fact.network;
    this.#requireFact(fact.protocol, protocols[header]);
    this.#code.emit(LD_MEMORY, fact.transport);
    this.#code.branch(JUMP_IF.equal, 0, this.#no, next);
    return fact.transport;
  }

  #requireFact(word: number, value: number): void {
    this.#code.emit(LD_MEMORY, word);
    this.#code.branch(JUMP_IF.equal, value, next, this.#no);
  }
}
