// A classic BPF program that lets through what the inspector reads and nothing else: DNS, and the first packets of TLS and QUIC clients.
//
// It runs on packets from their network header on (SOCK_DGRAM). IPv6 extension headers and IP options behind fragments are not
// followed: what hides there is not seen at this tier.
import { ALU, LD_MEMORY, LD_X, RETURN, STORE } from '@foretop/proto/bpf';
import {
  assemble,
  at,
  go,
  ifEqual,
  onceOnLoopback,
  passOverIpHeader,
  passOverTcpHeader,
  step,
  unlessEqual,
} from './classic-bpf.ts';

const dnsPorts = [53, 5353, 5355];
/** Versions 1 and 2 (RFC 9000, RFC 9369). */
const quicVersions = [1, 0x6b33_43cf];
/** Of IPv4's fragment field: the offset. */
const laterFragments = 0x1fff;
const snapBytes = 2_048;

export const packetFilter = assemble([
  ...onceOnLoopback('network', 'drop'),
  ...passOverIpHeader(laterFragments, [step(STORE, 0)], 'drop'),
  step(LD_MEMORY, 0),
  ifEqual(6, 'tcp'),
  unlessEqual(17, 'drop'),
  ...[0, 2].flatMap((offset) => [step(LD_X.half, offset), ...dnsPorts.map((port) => ifEqual(port, 'accept'))]),
  step(LD_X.byte, 8),
  step(ALU['&'], 0xa0), // a long header, and of type Initial or, in version 2, what has its bits
  unlessEqual(0x80, 'drop'),
  step(LD_X.word, 9),
  ...quicVersions.map((version) => ifEqual(version, 'accept')),
  go('drop'),
  at('tcp'),
  ...[0, 2].flatMap((offset) => [step(LD_X.half, offset), ifEqual(53, 'accept')]),
  ...passOverTcpHeader,
  // A handshake record whose first message is a ClientHello.
  step(LD_X.byte, 0),
  unlessEqual(0x16, 'drop'),
  step(LD_X.byte, 1),
  unlessEqual(0x03, 'drop'),
  step(LD_X.byte, 5),
  ifEqual(0x01, 'accept'),
  at('drop'),
  step(RETURN, 0),
  at('accept'),
  step(RETURN, snapBytes),
]);
