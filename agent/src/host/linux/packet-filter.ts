// A classic BPF program that lets through what the inspector reads and nothing else: DNS, and the first packets of TLS and QUIC clients.
//
// It runs on packets from their network header on (SOCK_DGRAM). IPv6 extension headers and IP options behind fragments are not
// followed: what hides there is not seen at this tier.

/** One instruction; `jt` and `jf` name labels. */
export type Instruction =
  { code: number; k: number } | { code: number; k: number; jt?: string; jf?: string } | { label: string };

// linux/bpf_common.h, linux/filter.h
const LD_BYTE = 0x30;
const LD_HALF = 0x28;
const LD_WORD = 0x20;
const LD_BYTE_X = 0x50;
const LD_HALF_X = 0x48;
const LD_WORD_X = 0x40;
const LDX_IMMEDIATE = 0x01;
const LDX_HEADER = 0xb1; // 4 * (byte & 15)
const LD_MEMORY = 0x60;
const STORE = 0x02;
const TAX = 0x07;
const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const ADD_X = 0x0c;
const JUMP_EQUAL = 0x15;
const JUMP_SET = 0x45;
const JUMP = 0x05;
const RETURN = 0x06;
const ANCILLARY = 0xfffff000; // SKF_AD_OFF
const PACKET_TYPE = ANCILLARY + 4;
const INTERFACE = ANCILLARY + 8;

// linux/if_packet.h; the loopback interface is the first of every network namespace.
const PACKET_OUTGOING = 4;
const LOOPBACK_INDEX = 1;

const dnsPorts = [53, 5353, 5355];
/** Versions 1 and 2 (RFC 9000, RFC 9369). */
const quicVersions = [1, 0x6b33_43cf];
const SNAP_BYTES = 2_048;

const load = (code: number, k: number): Instruction => ({ code, k });
const ifEqual = (k: number, jt: string): Instruction => ({ code: JUMP_EQUAL, k, jt });
const unlessEqual = (k: number, jf: string): Instruction => ({ code: JUMP_EQUAL, k, jf });
const go = (jt: string): Instruction => ({ code: JUMP, k: 0, jt });
const at = (label: string): Instruction => ({ label });

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
  load(STORE, 0),
  load(LDX_IMMEDIATE, 40),
  go('transport'),
  at('ipv4'),
  load(LD_HALF, 6),
  { code: JUMP_SET, k: 0x1fff, jt: 'drop' },
  load(LD_BYTE, 9),
  load(STORE, 0),
  load(LDX_HEADER, 0),
  at('transport'),
  load(LD_MEMORY, 0),
  ifEqual(6, 'tcp'),
  unlessEqual(17, 'drop'),
  ...[0, 2].flatMap((offset) => [load(LD_HALF_X, offset), ...dnsPorts.map((port) => ifEqual(port, 'accept'))]),
  load(LD_BYTE_X, 8),
  load(AND, 0xa0), // a long header, and of type Initial or, in version 2, what has its bits
  unlessEqual(0x80, 'drop'),
  load(LD_WORD_X, 9),
  ...quicVersions.map((version) => ifEqual(version, 'accept')),
  go('drop'),
  at('tcp'),
  ...[0, 2].flatMap((offset) => [load(LD_HALF_X, offset), ifEqual(53, 'accept')]),
  load(LD_BYTE_X, 12),
  load(SHIFT_RIGHT, 2),
  load(AND, 0x3c),
  load(ADD_X, 0),
  load(TAX, 0),
  // A handshake record whose first message is a ClientHello.
  load(LD_BYTE_X, 0),
  unlessEqual(0x16, 'drop'),
  load(LD_BYTE_X, 1),
  unlessEqual(0x03, 'drop'),
  load(LD_BYTE_X, 5),
  ifEqual(0x01, 'accept'),
  at('drop'),
  load(RETURN, 0),
  at('accept'),
  load(RETURN, SNAP_BYTES),
];

/** `struct sock_filter`s one after the other. */
export const packetFilter = (): Uint8Array => assemble(program);

/** With its labels as distances. */
export function assemble(program: readonly Instruction[]): Uint8Array {
  const labels = new Map<string, number>();
  const code = program.filter((entry) => !('label' in entry));
  let place = 0;
  for (const entry of program)
    if ('label' in entry) labels.set(entry.label, place);
    else place++;
  const bytes = new Uint8Array(code.length * 8);
  const view = new DataView(bytes.buffer);
  code.forEach((entry, index) => {
    if ('label' in entry) return;
    const distance = (label: string | undefined) => (label === undefined ? 0 : labels.get(label)! - index - 1);
    const { jt, jf } = { jt: undefined, jf: undefined, ...entry };
    view.setUint16(index * 8, entry.code, true);
    if (entry.code === JUMP) view.setUint32(index * 8 + 4, distance(jt), true);
    else {
      view.setUint8(index * 8 + 2, distance(jt));
      view.setUint8(index * 8 + 3, distance(jf));
      view.setUint32(index * 8 + 4, entry.k, true);
    }
  });
  return bytes;
}
