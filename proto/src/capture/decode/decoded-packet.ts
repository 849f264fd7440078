// What a decoded packet is: a line of the list, and its layers with the bytes that each field stands in.

/** A packet as it was captured; a Packet of PcapngReader is one. */
export interface CapturedPacket {
  /** LINKTYPE_… of pcap, such as 1 for Ethernet. */
  linkType: number;
  /** What was kept of it. */
  bytes: Uint8Array;
  /** Length on the wire, bytes. */
  original: number;
}

/** A field of a layer. `from` and `to` are offsets in the captured bytes; equal where no byte stands for it. */
export interface DecodedField {
  name: string;
  value: string;
  from: number;
  to: number;
}

export interface DecodedLayer {
  name: string;
  from: number;
  to: number;
  fields: DecodedField[];
}

/** Every text is safe to show: of what came in the packet, printable ASCII as it is, every other byte as \xNN. */
export interface DecodedPacket {
  /** Address of the innermost layer that has one; empty = it has none. */
  source: string;
  destination: string;
  sourcePort?: number;
  destinationPort?: number;
  /** Of the innermost layer that was understood, as Wireshark calls it. */
  protocol: string;
  info: string;
  layers: DecodedLayer[];
}
