// How many rows a frame or a batch's body holds, counted before any of them becomes an object: two bytes on the wire can cost a hundred in memory.
import $protobuf from 'protobufjs/minimal.js';
import { limits } from './limits.ts';

/** Field numbers of BatchBody and MetricChunk in foretop/v1/record.proto. */
const metricsField = 5;
const seriesField = 5;
const dnsExchangesField = 8;
/** Of AgentFrame and LiveFrame in foretop/v1/agent.proto and live.proto. */
const liveField = 4;
const liveDnsField = 14;
/** The same in DnsExchange and LiveDns. */
const addressesField = 16;
const canonicalNamesField = 17;
/** Of a varint of 32 bits. */
const longestVarint = 5;

/** Throws RangeError when the message in an agent's frame has more entries in one field than one frame may carry. */
export function checkFrameRows(frame: Uint8Array): void {
  forEachEntry(frame, (body, start, end) => {
    const message = frame.subarray(start, end);
    const rows = new Map<number, number>();
    forEachEntry(message, (field, rowStart, rowEnd) => {
      const count = (rows.get(field) ?? 0) + 1;
      if (count > limits.liveRowsPerFrame) {
        throw new RangeError(`field ${field} has more than ${limits.liveRowsPerFrame} entries`);
      }
      rows.set(field, count);
      if (body === liveField && field === liveDnsField) checkAnswer(message.subarray(rowStart, rowEnd), 1);
    });
  });
}

/** Throws RangeError when the body has more entries in one field, a metric chunk more series, or a DNS answer more records, than the limits allow. */
export function checkRows(body: Uint8Array): void {
  const rows = new Map<number, number>();
  forEachEntry(body, (field, start, end) => {
    const count = (rows.get(field) ?? 0) + 1;
    if (count > limits.batchRows) throw new RangeError(`field ${field} has more than ${limits.batchRows} entries`);
    rows.set(field, count);
    if (field === metricsField) checkSeries(body.subarray(start, end));
    else if (field === dnsExchangesField) checkAnswer(body.subarray(start, end), longestVarint);
  });
}

function checkSeries(chunk: Uint8Array): void {
  let count = 0;
  forEachEntry(chunk, (field) => {
    if (field === seriesField && ++count > limits.chunkSeries) {
      throw new RangeError(`a metric chunk has more than ${limits.chunkSeries} series`);
    }
  });
}

/**
 * Canonical names are texts on the live lane (`nameBytes` 1: each entry is one) and numbers in a batch, packed into one entry
 * or each by itself: there `nameBytes` is what a number takes at most.
 */
function checkAnswer(exchange: Uint8Array, nameBytes: number): void {
  const counts = { addresses: 0, names: 0 };
  const checkNames = (more: number): void => {
    counts.names += more;
    if (counts.names <= limits.dnsCanonicalNames * nameBytes) return;
    throw new RangeError(`a DNS answer has more than ${limits.dnsCanonicalNames} canonical names`);
  };
  forEachEntry(
    exchange,
    (field, start, end) => {
      if (field === canonicalNamesField) checkNames(nameBytes === 1 ? 1 : end - start);
      if (field === addressesField && ++counts.addresses > limits.dnsAddresses) {
        throw new RangeError(`a DNS answer has more than ${limits.dnsAddresses} addresses`);
      }
    },
    (field) => {
      if (field === canonicalNamesField) checkNames(nameBytes);
    },
  );
}

/**
 * Calls back for each length-delimited field of a message with where its content starts and ends, and for each other field
 * with its number.
 */
function forEachEntry(
  message: Uint8Array,
  callback: (field: number, start: number, end: number) => void,
  otherwise?: (field: number) => void,
): void {
  const reader = $protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) === 2) {
      const length = reader.uint32();
      const start = reader.pos;
      reader.skip(length);
      callback(tag >>> 3, start, reader.pos);
    } else {
      otherwise?.(tag >>> 3);
      reader.skipType(tag & 7);
    }
  }
}
