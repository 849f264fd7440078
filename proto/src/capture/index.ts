// What agents, collectors, dashboards and command lines share of packet captures.
export {
  enhancedPacket,
  enhancedPacketBytes,
  interfaceDescription,
  interfaceStatistics,
  sectionHeader,
} from './pcapng/writer.ts';
export { PcapngFault } from './pcapng/format.ts';
export { type InterfaceCounts, type Packet, PcapngReader } from './pcapng/reader.ts';
export { createOpener, newRecipient, type Opener, type Recipient } from './seal/opener.ts';
export { createSealer, type Sealer, sealOverheadBytes } from './seal/sealer.ts';
export { SealFault } from './seal/suite.ts';
export { decodePacket } from './decode/decode-packet.ts';
export type { CapturedPacket, DecodedField, DecodedLayer, DecodedPacket } from './decode/decoded-packet.ts';
export { compileFilter, type CompileOptions, type Filter, FilterFault, parseFilter } from './filter/index.ts';
