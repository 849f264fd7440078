// The pcapng blocks that foretop writes and reads: https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcapng, always little-endian.

export const blockTypes = {
  section: 0x0a0d_0d0a,
  interface: 1,
  interfaceStatistics: 5,
  enhancedPacket: 6,
} as const;

export const byteOrderMagic = 0x1a2b_3c4d;

export const options = {
  end: 0,
  /** Of a section. */
  os: 3,
  application: 4,
  /** Of an interface. */
  name: 2,
  resolution: 9,
  filter: 11,
  offset: 14,
  /** Of an interface's statistics. */
  received: 4,
  dropped: 5,
} as const;

/** Type and length before the body of a block, and the length again behind it. */
export const frameBytes = 12;
/** Of an enhanced packet before its bytes: interface, time, captured and original length. */
export const packetHeadBytes = 20;

export const pcapngLimits = {
  /** One block. */
  blockBytes: 512 << 10,
  /** Of a section. */
  interfaces: 1_024,
  /** The text of an option, bytes. */
  textBytes: 4_096,
} as const;

export const padded = (bytes: number): number => (bytes + 3) & ~3;

/** `message` says what is wrong, for a person. */
export class PcapngFault extends Error {
  override readonly name = 'PcapngFault';
  readonly code = 'malformed';
  readonly retryable = false;
}
