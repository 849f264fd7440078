// How many rows a frame or a batch's body holds, counted before any of them becomes an object: two bytes on the wire can cost a hundred in memory.
import $protobuf from 'protobufjs/minimal.js';
import { limits } from './limits.ts';

/** Field numbers of BatchBody and MetricChunk in foretop/v1/record.proto. */
const metricsField = 5;
const seriesField = 5;

/** Throws RangeError when the message in an agent's frame has more entries in one field than one frame may carry. */
export function checkFrameRows(frame: Uint8Array): void {
  forEachEntry(frame, (_, start, end) => {
    const rows = new Map<number, number>();
    forEachEntry(frame.subarray(start, end), (field) => {
      const count = (rows.get(field) ?? 0) + 1;
      if (count > limits.liveRowsPerFrame) {
        throw new RangeError(`field ${field} has more than ${limits.liveRowsPerFrame} entries`);
      }
      rows.set(field, count);
    });
  });
}

/** Throws RangeError when the body has more entries in one field, or a metric chunk more series, than the limits allow. */
export function checkRows(body: Uint8Array): void {
  const rows = new Map<number, number>();
  forEachEntry(body, (field, start, end) => {
    const count = (rows.get(field) ?? 0) + 1;
    if (count > limits.batchRows) throw new RangeError(`field ${field} has more than ${limits.batchRows} entries`);
    rows.set(field, count);
    if (field === metricsField) checkSeries(body.subarray(start, end));
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

/** Calls back for each length-delimited field of a message with where its content starts and ends. */
function forEachEntry(message: Uint8Array, callback: (field: number, start: number, end: number) => void): void {
  const reader = $protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) === 2) {
      const length = reader.uint32();
      const start = reader.pos;
      reader.skip(length);
      callback(tag >>> 3, start, reader.pos);
    } else {
      reader.skipType(tag & 7);
    }
  }
}
