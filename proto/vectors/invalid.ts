// What the invalid vectors hold, each with the close code that its receiver must answer with; `make.ts` writes them to files.
import { constants, zstdCompressSync } from 'node:zlib';
import {
  type CloseName,
  compressBatch,
  encodeAgentFrame,
  encodeBatchBody,
  encodeCollectorFrame,
  limits,
} from '../src/index.ts';
import type { VectorKind } from './vectors.ts';

export interface InvalidDefinition {
  kind: VectorKind;
  about: string;
  bytes: Uint8Array;
  close: CloseName;
  padTo?: number;
  bodyBytes?: number;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const repeated = (values: number[], times: number) =>
  Uint8Array.from({ length: values.length * times }, (_, i) => values[i % values.length]!);
const join = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
const hello = encodeAgentFrame({
  hello: { protocolVersion: 1, minimumVersion: 1, agentVersion: '0.1.0', jwt: 'header.claims.signature' },
});
const welcome = encodeCollectorFrame({
  welcome: { protocolVersion: 1, hostId: 7, settings: { pulseIntervalMs: 1_000 } },
});

function malformed(kind: VectorKind, about: string, value: Uint8Array): InvalidDefinition {
  return { kind, about, bytes: value, close: 'malformed-frame' };
}

const frames: Record<string, InvalidDefinition> = {
  'agent-empty': malformed('agent-frame', 'no bytes at all', bytes()),
  'agent-no-body': malformed('agent-frame', 'only an unknown field: none of the bodies is there', bytes(0x78, 0x01)),
  'agent-truncated': malformed('agent-frame', 'a Hello cut in the middle', hello.subarray(0, hello.length - 5)),
  'agent-length-beyond-end': malformed(
    'agent-frame',
    'a pulse that claims 100 bytes and has 2',
    bytes(0x12, 100, 0x08, 0x01),
  ),
  'agent-length-huge': malformed('agent-frame', 'a pulse that claims 4 GiB', bytes(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f)),
  'agent-varint-overlong': malformed(
    'agent-frame',
    'a varint of 11 bytes',
    bytes(0x12, 0x0c, 0x08, ...repeated([0xff], 10), 0x01),
  ),
  'agent-varint-unfinished': malformed('agent-frame', 'the frame ends within a varint', bytes(0x12, 0x02, 0x08, 0x80)),
  'agent-field-zero': malformed('agent-frame', 'field number 0 does not exist', bytes(0x00, 0x00)),
  'agent-wire-type-7': malformed('agent-frame', 'wire type 7 does not exist', bytes(0x12, 0x02, 0x0f, 0x00)),
  'agent-group-unclosed': malformed('agent-frame', 'a group that never ends', bytes(0x0b)),
  'agent-groups-deep': malformed('agent-frame', '10,000 groups within each other', repeated([0x7b], 10_000)),
  'agent-invalid-utf8': malformed('agent-frame', 'a name that is not UTF-8', bytes(0x0a, 0x03, 0x1a, 0x01, 0xff)),
  'agent-text': malformed('agent-frame', 'an HTTP request', Uint8Array.from(Buffer.from('GET / HTTP/1.1\r\n\r\n'))),
  'agent-trailing-garbage': malformed(
    'agent-frame',
    'a valid Hello with bytes behind it',
    join(hello, bytes(0xff, 0xff, 0xff)),
  ),
  'agent-oversized': {
    kind: 'agent-frame',
    about: 'one byte more than a frame may have; refused before decoding',
    bytes: hello,
    padTo: limits.frameBytes + 1,
    close: 'frame-too-large',
  },
  'agent-live-addresses-bomb': malformed(
    'agent-frame',
    'a live DNS exchange with 65 empty addresses',
    bytes(0x22, 0xc6, 0x01, 0x72, 0xc3, 0x01, ...repeated([0x82, 0x01, 0x00], 65)),
  ),
  'agent-live-names-bomb': malformed(
    'agent-frame',
    'a live DNS exchange with 17 empty canonical names',
    bytes(0x22, 53, 0x72, 51, ...repeated([0x8a, 0x01, 0x00], 17)),
  ),
  'collector-empty': malformed('collector-frame', 'no bytes at all', bytes()),
  'collector-truncated': malformed(
    'collector-frame',
    'a Welcome cut in the middle',
    welcome.subarray(0, welcome.length - 2),
  ),
  'collector-oversized': {
    kind: 'collector-frame',
    about: 'one byte more than a frame may have; refused before decoding',
    bytes: welcome,
    padTo: limits.frameBytes + 1,
    close: 'frame-too-large',
  },
};

const body = encodeBatchBody({
  bootId: repeated([7], 16),
  strings: ['', 'curl'],
  gaps: [{ startUs: 1, endUs: 2, reason: 'stalled' }],
});
const payload = compressBatch(body);
const windowTooLarge = withWindow(zstdCompressSync(body, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } }), 27);

/** Byte 5 is the window descriptor when the frame header has no content size (RFC 8878 section 3.1.1.1.2). */
function withWindow(frame: Uint8Array, log: number): Uint8Array {
  const copy = Uint8Array.from(frame);
  copy[5] = (log - 10) << 3;
  return copy;
}

function batch(
  about: string,
  value: Uint8Array,
  bodyBytes: number,
  close: CloseName = 'malformed-frame',
): InvalidDefinition {
  return { kind: 'batch', about, bytes: value, bodyBytes, close };
}

const batches: Record<string, InvalidDefinition> = {
  'batch-empty': batch('no payload', bytes(), 0),
  'batch-not-zstd': batch('the body as it is, not compressed', body, body.length),
  'batch-truncated': batch('the payload cut in the middle', payload.subarray(0, payload.length - 4), body.length),
  'batch-trailing-garbage': batch('bytes behind the end of the payload', join(payload, bytes(0, 0, 0, 1)), body.length),
  'batch-shorter-than-announced': batch('one byte more was announced', payload, body.length + 1),
  'batch-longer-than-announced': batch('one byte less was announced', payload, body.length - 1),
  'batch-bomb': batch(
    '100 MB of zeros behind 1,000 announced bytes',
    compressBatch(new Uint8Array(100_000_000)),
    1_000,
  ),
  'batch-announced-too-large': batch(
    'more is announced than a body may have',
    payload,
    limits.batchBodyBytes + 1,
    'frame-too-large',
  ),
  'batch-payload-too-large': {
    ...batch('one byte more than a payload may have', payload, body.length, 'frame-too-large'),
    padTo: limits.batchPayloadBytes + 1,
  },
  'batch-body-malformed': batch('compressed, but not a BatchBody', compressBatch(bytes(0x22, 0x7f)), 2),
  'batch-rows-bomb': batch(
    '4,194,304 empty segments in 8 MiB',
    compressBatch(repeated([0x22, 0x00], limits.batchBodyBytes / 2)),
    limits.batchBodyBytes,
  ),
  'batch-series-bomb': batch(
    'a metric chunk with 63 empty series',
    compressBatch(join(bytes(0x2a, 126), repeated([0x2a, 0x00], 63))),
    128,
  ),
  'batch-addresses-bomb': batch(
    'a DNS exchange with 65 empty addresses',
    compressBatch(join(bytes(0x42, 0xc3, 0x01), repeated([0x82, 0x01, 0x00], 65))),
    198,
  ),
  'batch-canonical-names-bomb': batch(
    'a DNS exchange with 81 canonical names in one packed field',
    compressBatch(join(bytes(0x42, 84, 0x8a, 0x01, 81), repeated([1], 81))),
    86,
  ),
  'batch-canonical-names-unpacked-bomb': batch(
    'a DNS exchange with 17 canonical names, each a field of its own',
    compressBatch(join(bytes(0x42, 51), repeated([0x88, 0x01, 0x01], 17))),
    53,
  ),
  'batch-window-too-large': batch('a payload that wants a window of 128 MiB to be opened', windowTooLarge, body.length),
};

export const invalidDefinitions: Record<string, InvalidDefinition> = { ...frames, ...batches };
