// Frames and batch bodies to bytes and back. Sizes are checked before decoding; a failure is a ProtocolError that names its close code.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { CloseName } from './close-codes.ts';
import { limits } from './limits.ts';
import { AgentFrame, BatchBody, CollectorFrame } from './messages.ts';
import { checkFrameRows, checkRows } from './row-bounds.ts';

/** The peer broke the protocol; `close` says with which code to part. */
export class ProtocolError extends Error {
  readonly code = 'protocol';
  readonly close: CloseName;
  constructor(close: CloseName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.close = close;
  }
}

export function encodeAgentFrame(frame: AgentFrame): Uint8Array {
  return AgentFrame.encode(frame).finish();
}

export function encodeCollectorFrame(frame: CollectorFrame): Uint8Array {
  return CollectorFrame.encode(frame).finish();
}

/** Throws ProtocolError for an oversized, malformed or empty frame. */
export function decodeAgentFrame(bytes: Uint8Array): AgentFrame {
  return decodeFrame(AgentFrame, bytes);
}

/** Throws ProtocolError for an oversized, malformed or empty frame. */
export function decodeCollectorFrame(bytes: Uint8Array): CollectorFrame {
  return decodeFrame(CollectorFrame, bytes);
}

function decodeFrame<Frame extends { body?: string | undefined }>(
  type: { decode(bytes: Uint8Array): Frame },
  bytes: Uint8Array,
): Frame {
  if (bytes.length > limits.frameBytes) {
    throw new ProtocolError(
      'frame-too-large',
      `frame has ${bytes.length} bytes, at most ${limits.frameBytes} are allowed`,
    );
  }
  let frame: Frame;
  try {
    checkFrameRows(bytes);
    frame = type.decode(bytes);
  } catch (cause) {
    throw new ProtocolError('malformed-frame', `frame of ${bytes.length} bytes is not valid protobuf`, { cause });
  }
  if (frame.body === undefined) throw new ProtocolError('malformed-frame', 'frame has no body');
  return frame;
}

export function encodeBatchBody(body: BatchBody): Uint8Array {
  return BatchBody.encode(body).finish();
}

/** Level 3 is zstd's default: on record batches higher levels cost several times the CPU for a few percent. */
export function compressBatch(body: Uint8Array): Uint8Array {
  return zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}

/**
 * The body of a sealed batch's payload. Throws ProtocolError when it is larger than it says or than is allowed, does not
 * decompress, or is not a BatchBody.
 */
export function openBatch(payload: Uint8Array, bodyBytes: number): BatchBody {
  if (payload.length > limits.batchPayloadBytes || bodyBytes > limits.batchBodyBytes) {
    throw new ProtocolError(
      'frame-too-large',
      `batch of ${payload.length} bytes, ${bodyBytes} unpacked, is larger than allowed`,
    );
  }
  try {
    const body = decompress(payload, bodyBytes);
    checkRows(body);
    return BatchBody.decode(body);
  } catch (cause) {
    throw new ProtocolError('malformed-frame', 'batch payload cannot be opened', { cause });
  }
}

/** A window no larger than the largest body keeps a small payload from asking for much memory (RFC 8878 section 3.1.1.1.2). */
const windowLogMax = Math.ceil(Math.log2(limits.batchBodyBytes));

function decompress(payload: Uint8Array, bodyBytes: number): Uint8Array {
  const params = { [constants.ZSTD_d_windowLogMax]: windowLogMax };
  const options = { params, maxOutputLength: Math.max(1, bodyBytes), info: true };
  const { buffer, engine } = zstdDecompressSync(payload, options) as unknown as Decompressed;
  if (buffer.length !== bodyBytes) throw new RangeError(`body has ${buffer.length} bytes, ${bodyBytes} were announced`);
  if (engine.bytesWritten !== payload.length) {
    throw new RangeError(`payload has ${payload.length - engine.bytesWritten} bytes after its end`);
  }
  return buffer;
}

/** What zlib's synchronous functions return with `info: true`, which their types leave out; bytesWritten = input consumed. */
interface Decompressed {
  buffer: Buffer;
  engine: { bytesWritten: number };
}
