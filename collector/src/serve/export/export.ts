// Lists as files: rows are written as they are read, the reader's pace holds back the database, and who leaves ends the query.
import { z } from 'zod';
import { RequestError } from '../problem.ts';
import { cellsOf } from './columns.ts';
import { csvLine } from './csv.ts';
import type { ZeekLog } from './zeek.ts';

export type ExportFormat = 'csv' | 'jsonl' | 'zeek';

const media: Record<ExportFormat, { type: string; extension: string }> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  jsonl: { type: 'application/jsonl; charset=utf-8', extension: 'jsonl' },
  zeek: { type: 'text/tab-separated-values; charset=utf-8', extension: 'log' },
};

/** The media types of exports without their parameters, for Accept and the document. */
export const exportMedia: Record<ExportFormat, string> = {
  csv: 'text/csv',
  jsonl: 'application/jsonl',
  zeek: 'text/tab-separated-values',
};

export const rowFormat = z
  .enum(['json', 'csv', 'jsonl'], { error: 'json, csv or jsonl is required' })
  .optional()
  .describe('csv or jsonl: the whole list as a file, without pages. The Accept header says it too.');
const zeekFormat = (log: string) =>
  z
    .enum(['json', 'csv', 'jsonl', 'zeek'], { error: 'json, csv, jsonl or zeek is required' })
    .optional()
    .describe(
      `csv, jsonl or zeek (${log} as TSV): the whole list as a file, without pages. The Accept header says it too.`,
    );
export const connectionFormat = zeekFormat('conn.log');
export const dnsFormat = zeekFormat('dns.log');

/** undefined: JSON, in pages. The parameter goes before the header. */
export function wantedFormat(
  given: 'json' | ExportFormat | undefined,
  accept: string | undefined,
  zeek = false,
): ExportFormat | undefined {
  if (given !== undefined) return given === 'json' ? undefined : given;
  const types = (accept ?? '').split(',').map((part) => part.split(';')[0]!.trim().toLowerCase());
  for (const type of types) {
    if (type === 'application/json' || type === '*/*') return undefined;
    if (type === exportMedia.csv) return 'csv';
    if (type === exportMedia.jsonl || type === 'application/x-ndjson') return 'jsonl';
    if (zeek && type === exportMedia.zeek) return 'zeek';
  }
  return undefined;
}

export interface ExportRequest {
  format: ExportFormat;
  /** Of the file: foretop-<name>-<time>. */
  name: string;
  columns: readonly string[];
  /** Portions of rows; begun only when there is room for it. The signal aborts when nobody reads any more. */
  rows: (signal: AbortSignal) => AsyncIterable<readonly object[]>;
  /** Of the request. */
  signal: AbortSignal;
  /** How the rows are written as `zeek`, where they can be. */
  zeek?: ZeekLog;
}

export interface Exporter {
  /** Throws RequestError unavailable when as many as may are under way. */
  respond(request: ExportRequest): Response;
  counters(): Record<string, number>;
}

/** Each may hold a database connection for as long as its reader takes. */
const mostExports = 3;
/** A reader that takes nothing for so long has gone or forgotten it. */
const readerPatienceMs = 60_000;

export function createExporter(now: () => number = Date.now): Exporter {
  const counts = { running: 0, started: 0, aborted: 0, refused: 0, rows: 0, bytes: 0 };
  return {
    respond(request) {
      if (counts.running >= mostExports) {
        counts.refused++;
        throw new RequestError('unavailable', `${mostExports} exports are under way. Try again when one has ended.`, {
          headers: { 'retry-after': '10' },
        });
      }
      counts.running++;
      counts.started++;
      const { format, name } = request;
      const stamp = new Date(now()).toISOString().slice(0, 19).replace(/[-:]/g, '');
      return new Response(exportStream(request, counts, now), {
        headers: {
          'content-type': media[format].type,
          'content-disposition': `attachment; filename="foretop-${name}-${stamp}Z.${media[format].extension}"`,
        },
      });
    },
    counters: () => ({
      exports_running: counts.running,
      exports_total: counts.started,
      exports_aborted_total: counts.aborted,
      exports_refused_total: counts.refused,
      export_rows_total: counts.rows,
      export_bytes_total: counts.bytes,
    }),
  };
}

function exportStream(
  request: ExportRequest,
  counts: { running: number; aborted: number; rows: number; bytes: number },
  now: () => number,
): ReadableStream<Uint8Array> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([stopped.signal, request.signal]);
  const portions = texts(request, signal, counts, now);
  let patience: NodeJS.Timeout | undefined;
  let over = false;
  const end = (aborted: boolean) => {
    clearTimeout(patience);
    if (over) return;
    over = true;
    counts.running--;
    if (aborted) counts.aborted++;
  };
  const stop = () => {
    end(true);
    stopped.abort();
    // Ends a generator that waits at a yield; one in the middle of a query ends by the signal.
    void portions.return(undefined).catch(() => undefined);
  };
  request.signal.addEventListener('abort', stop, { once: true });
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(patience);
        try {
          const { done, value } = await portions.next();
          if (done === true) {
            end(false);
            return controller.close();
          }
          const bytes = encoder.encode(value);
          counts.bytes += bytes.length;
          controller.enqueue(bytes);
          patience = setTimeout(() => {
            stop();
            controller.error(new Error('nobody read the export any more'));
          }, readerPatienceMs).unref();
        } catch (error) {
          // The answer breaks off without its end, so that the reader knows that it is not whole.
          end(true);
          controller.error(error);
        }
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
}

async function* texts(
  { format, columns, rows, zeek }: ExportRequest,
  signal: AbortSignal,
  counts: { rows: number },
  now: () => number,
): AsyncGenerator<string, void, undefined> {
  if (format === 'csv') yield csvLine(columns);
  const log = format === 'zeek' ? zeek : undefined;
  if (log) yield log.head(now());
  for await (const portion of rows(signal)) {
    counts.rows += portion.length;
    const text = portion.map((row) => log?.line(row) ?? lineOf(format, columns, row)).join('');
    if (text !== '') yield text;
  }
  if (log) yield log.tail(now());
}

function lineOf(format: ExportFormat, columns: readonly string[], row: object): string {
  if (format === 'csv') return csvLine(cellsOf(row, columns));
  return `${JSON.stringify(row)}\n`;
}

const portionRows = 500;

/** Rows that are in memory already, in portions. */
export async function* portionsOf<Row extends object>(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += portionRows) yield rows.slice(start, start + portionRows);
}
