// What the two formats of capture files have in common.

export interface CapturedPacket {
  /** Of https://www.tcpdump.org/linktypes.html. */
  linkType: number;
  /** Valid only during the call. */
  bytes: Uint8Array;
  /** Before the capture cut it. */
  wireBytes: number;
  /** Unix epoch; 0 when the file does not say. */
  timeUs: number;
}

/** Reads one record at a time from the bytes that are there. */
export interface CaptureFormat {
  /** @returns where the next record begins, 'more' when this one is not whole yet, or a sentence when nothing can follow it. */
  read(bytes: Uint8Array, start: number, visit: (packet: CapturedPacket) => void): number | 'more' | { fault: string };
}

/** The largest packet or block that is believed. */
export const maxRecordBytes = 16 * 1_048_576;
