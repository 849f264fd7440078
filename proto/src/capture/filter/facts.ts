// What the primitives of a filter share, found once at the program's start and kept in its scratch memory: only what the filter asks for.
import { type Assembler, type Label, next } from './assembler.ts';
import type { Arithmetic, Filter } from './filter.ts';
import {
  ALU,
  ancillary,
  JUMP_IF,
  LD,
  LD_LENGTH,
  LD_MEMORY,
  LD_NUMBER,
  LD_X,
  LDX_MEMORY,
  STORE,
  TAX,
  WITH_X,
} from './instructions.ts';

/** Words of scratch memory. */
export const fact = {
  /** Ethernet's type, behind up to two VLAN tags. */
  etherType: 0,
  /** Where what has that type begins. */
  network: 1,
  /** Of IPv4 or IPv6, there behind a fragment's header too; `noProtocol` otherwise. */
  protocol: 2,
  /** Where that protocol's header begins; 0 = it is in none, as in a later fragment. */
  transport: 3,
  /** `noPort` where there is none. */
  sourcePort: 4,
  destinationPort: 5,
  /** Of the outermost tag; `noTag` without one. */
  vlan: 6,
  /** IPv4 addresses, of ARP and RARP too, and the type they were found in; 0 = there are none. */
  sourceAddress: 7,
  destinationAddress: 8,
  addressed: 9,
} as const;
/** From here on scratch memory is for arithmetic. */
export const firstFree = 10;

export const noTag = 0xffff;
const noProtocol = 0x100;
const noPort = 0x1_0000;

export const types = { ip: 0x0800, ip6: 0x86dd, arp: 0x0806, rarp: 0x8035 } as const;
/** IEEE 802.1Q, 802.1ad, and what came before it. */
const tagTypes = [0x8100, 0x88a8, 0x9100];
const mostTags = 2;
const withPorts = [6, 17, 132];
const fragmentHeader = 44;

type Need = 'type' | 'vlan' | 'protocol' | 'ports' | 'addresses';

export type Begins = 'ethernet' | 'network';

/** Goes on where it ends; never leaves the program. */
export function findFacts(code: Assembler, filter: Filter, begins: Begins): void {
  const needs = new Set<Need>();
  gather(filter, needs);
  if (needs.size === 0) return;
  findType(code, begins, needs.has('vlan'));
  if (needs.has('protocol') || needs.has('ports')) findProtocol(code);
  if (needs.has('ports')) findPorts(code);
  if (needs.has('addresses')) findAddresses(code);
}

function gather(filter: Filter, needs: Set<Need>): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      gather(filter.left, needs);
      return gather(filter.right, needs);
    case 'not':
      return gather(filter.filter, needs);
    case 'relation':
      gatherBytes(filter.left, needs);
      return gatherBytes(filter.right, needs);
    case 'port':
      return void needs.add('ports');
    case 'protocol':
      return void needs.add('protocol');
    case 'vlan':
      return void needs.add('vlan');
    case 'address':
      return void needs.add(filter.address.length === 4 ? 'addresses' : 'type');
    case 'ethertype':
    case 'cast':
      return void needs.add('type');
    case 'everything':
    case 'mac':
    case 'outbound':
      return undefined;
    default:
      return filter satisfies never;
  }
}

function gatherBytes(arithmetic: Arithmetic, needs: Set<Need>): void {
  if (arithmetic.kind === 'operation') {
    gatherBytes(arithmetic.left, needs);
    gatherBytes(arithmetic.right, needs);
  } else if (arithmetic.kind === 'bytes') {
    needs.add(isLinkOrNetwork(arithmetic.header) ? 'type' : 'protocol');
    gatherBytes(arithmetic.offset, needs);
  }
}

const isLinkOrNetwork = (header: string) => ['ether', 'ip', 'ip6', 'arp'].includes(header);

function keep(code: Assembler, word: number, value: number): void {
  code.emit(LD_NUMBER, value);
  code.emit(STORE, word);
}

/** Goes to `missing` when the packet ends before `bytes` bytes behind the place in that word. */
export function requireBytes(code: Assembler, word: number, bytes: number, missing: Label): void {
  code.emit(LDX_MEMORY, word);
  code.emit(LD_NUMBER, bytes);
  code.emit(ALU['+'] + WITH_X);
  code.emit(TAX);
  code.emit(LD_LENGTH);
  code.branch(JUMP_IF.atLeast + WITH_X, 0, next, missing);
}

function findType(code: Assembler, begins: Begins, wantsTag: boolean): void {
  const done = code.label();
  if (wantsTag) keep(code, fact.vlan, noTag);
  keep(code, fact.network, begins === 'ethernet' ? 14 : 0);
  if (begins === 'ethernet') code.emit(LD.half, 12);
  else code.emit(LD.word, ancillary.protocol);
  code.emit(STORE, fact.etherType);
  for (let tag = 0; tag < mostTags; tag++) {
    const isTag = code.label();
    code.emit(LD_MEMORY, fact.etherType);
    for (const type of tagTypes) {
      code.branch(JUMP_IF.equal, type, isTag, next);
    }
    code.go(done);
    code.place(isTag);
    requireBytes(code, fact.network, 4, done);
    code.emit(LDX_MEMORY, fact.network);
    if (wantsTag && tag === 0) {
      code.emit(LD_X.half, 0);
      code.emit(ALU['&'], 0xfff);
      code.emit(STORE, fact.vlan);
    }
    code.emit(LD_X.half, 2);
    code.emit(STORE, fact.etherType);
    code.emit(LD_MEMORY, fact.network);
    code.emit(ALU['+'], 4);
    code.emit(STORE, fact.network);
  }
  code.place(done);
  if (wantsTag) findTakenTag(code);
}

/** The outermost tag is mostly taken off by the network card or the kernel, which keeps it beside the packet. */
function findTakenTag(code: Assembler): void {
  const done = code.label();
  code.emit(LD.word, ancillary.vlanTagIsPresent);
  code.branch(JUMP_IF.equal, 0, done, next);
  code.emit(LD.word, ancillary.vlanTag);
  code.emit(ALU['&'], 0xfff);
  code.emit(STORE, fact.vlan);
  code.place(done);
}

function findProtocol(code: Assembler): void {
  const [ipv4, ipv6, done] = [code.label(), code.label(), code.label()];
  keep(code, fact.protocol, noProtocol);
  keep(code, fact.transport, 0);
  code.emit(LD_MEMORY, fact.etherType);
  code.branch(JUMP_IF.equal, types.ip, ipv4, next);
  code.branch(JUMP_IF.equal, types.ip6, ipv6, done);
  code.place(ipv4);
  requireBytes(code, fact.network, 20, done);
  code.emit(LDX_MEMORY, fact.network);
  code.emit(LD_X.byte, 9);
  code.emit(STORE, fact.protocol);
  code.emit(LD_X.half, 6);
  code.branch(JUMP_IF.set, 0x1fff, done, next);
  code.emit(LD_X.byte, 0);
  code.emit(ALU['&'], 0x0f);
  code.emit(ALU['<<'], 2);
  code.emit(ALU['+'] + WITH_X);
  code.emit(STORE, fact.transport);
  code.go(done);
  code.place(ipv6);
  findProtocolOf6(code, done);
  code.place(done);
}

function findProtocolOf6(code: Assembler, done: Label): void {
  const isFragment = code.label();
  requireBytes(code, fact.network, 40, done);
  code.emit(LDX_MEMORY, fact.network);
  code.emit(LD_X.byte, 6);
  code.emit(STORE, fact.protocol);
  code.branch(JUMP_IF.equal, fragmentHeader, isFragment, next);
  code.emit(LD_NUMBER, 40);
  code.emit(ALU['+'] + WITH_X);
  code.emit(STORE, fact.transport);
  code.go(done);
  code.place(isFragment);
  requireBytes(code, fact.network, 48, done);
  code.emit(LDX_MEMORY, fact.network);
  code.emit(LD_X.byte, 40);
  code.emit(STORE, fact.protocol);
}

function findPorts(code: Assembler): void {
  const [mayHave, done] = [code.label(), code.label()];
  keep(code, fact.sourcePort, noPort);
  keep(code, fact.destinationPort, noPort);
  code.emit(LD_MEMORY, fact.protocol);
  for (const protocol of withPorts) {
    code.branch(JUMP_IF.equal, protocol, mayHave, next);
  }
  code.go(done);
  code.place(mayHave);
  code.emit(LD_MEMORY, fact.transport);
  code.branch(JUMP_IF.equal, 0, done, next);
  requireBytes(code, fact.transport, 4, done);
  code.emit(LDX_MEMORY, fact.transport);
  code.emit(LD_X.half, 0);
  code.emit(STORE, fact.sourcePort);
  code.emit(LD_X.half, 2);
  code.emit(STORE, fact.destinationPort);
  code.place(done);
}

function findAddresses(code: Assembler): void {
  const [isIp, isArp, found, done] = [code.label(), code.label(), code.label(), code.label()];
  for (const word of [fact.sourceAddress, fact.destinationAddress, fact.addressed]) keep(code, word, 0);
  code.emit(LD_MEMORY, fact.etherType);
  code.branch(JUMP_IF.equal, types.ip, isIp, next);
  code.branch(JUMP_IF.equal, types.arp, isArp, next);
  code.branch(JUMP_IF.equal, types.rarp, isArp, done);
  code.place(isIp);
  loadAddresses(code, [12, 16], done);
  code.go(found);
  code.place(isArp);
  loadAddresses(code, [14, 24], done);
  code.place(found);
  code.emit(LD_MEMORY, fact.etherType);
  code.emit(STORE, fact.addressed);
  code.place(done);
}

function loadAddresses(code: Assembler, [source, destination]: [number, number], missing: Label): void {
  requireBytes(code, fact.network, destination + 4, missing);
  code.emit(LDX_MEMORY, fact.network);
  code.emit(LD_X.word, source);
  code.emit(STORE, fact.sourceAddress);
  code.emit(LD_X.word, destination);
  code.emit(STORE, fact.destinationAddress);
}
