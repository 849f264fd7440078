// Logs line by line: which log it is, row for row, and what its rows say.
import { binetflowRecords } from './flows/binetflow.ts';
import { Csv } from './flows/csv.ts';
import { ecsRow } from './flows/ecs.ts';
import type { Row } from './fields.ts';
import type { Reading, ReplayRecord } from './record.ts';
import { connRecords } from './zeek/conn.ts';
import { dnsRecords, nameHint } from './zeek/dns.ts';
import { jsonRow } from './zeek/json.ts';
import { ZeekTsv } from './zeek/tsv.ts';

export type LogFormat = 'zeek-tsv' | 'zeek-json' | 'csv';

/** @returns what a file is, by its first line that says anything; undefined when no log that is known begins so. */
export function logFormatOf(head: string): LogFormat | undefined {
  const lines = head.split(/\r?\n/).map((text) => text.trimStart());
  const line = lines.find((text) => text !== '' && (!text.startsWith('#') || isZeekHeader(text))) ?? '';
  if (isZeekHeader(line)) return 'zeek-tsv';
  if (line.startsWith('{')) return 'zeek-json';
  const heading = new Csv(line);
  const isFlows = ['SrcAddr', 'id.orig_h', 'source.ip'].some((name) => heading.has(name));
  return isFlows ? 'csv' : undefined;
}

const isZeekHeader = (line: string) => line.startsWith('#separator') || line.startsWith('#fields\t');

const byteOrderMark = '\uFEFF';

/** Reads the lines of one file. Never throws on anything that a line can hold. */
export class LogReader {
  readonly #reading: Reading;
  readonly #records: (line: string) => readonly ReplayRecord[] | undefined;
  readonly #prefix: string;
  #used = 0;
  #passedOver = 0;

  /** @param prefix makes the ids of this file's flows its own. */
  constructor(format: LogFormat, prefix: string, reading: Reading) {
    this.#reading = reading;
    this.#prefix = prefix;
    this.#records = format === 'zeek-tsv' ? this.#tsv() : format === 'zeek-json' ? this.#json() : this.#csv();
  }

  line(text: string | undefined): readonly ReplayRecord[] {
    if (text?.trim() === '') return [];
    const line = text?.startsWith(byteOrderMark) ? text.slice(1) : text;
    this.#reading.items++;
    const records = line === undefined ? undefined : this.#records(line);
    if (records === undefined) this.#reading.bad++;
    for (const record of records ?? []) {
      this.#reading.firstUs = Math.min(this.#reading.firstUs ?? Infinity, beginOf(record));
    }
    return records ?? [];
  }

  end(): void {
    if (this.#used === 0 && this.#passedOver > 0) {
      this.#reading.notes.push('It is a log that the detectors do not look at; it was passed over.');
    }
  }

  #tsv(): (line: string) => readonly ReplayRecord[] | undefined {
    const tsv = new ZeekTsv();
    let read: RowReader | undefined;
    return (line) => {
      const row = tsv.read(line);
      if (row === 'header') {
        this.#reading.items--;
        read = this.#readerOf((name) => tsv.fields.has(name));
        return [];
      }
      return row === undefined ? undefined : (read ?? this.#pass)(row);
    };
  }

  #json(): (line: string) => readonly ReplayRecord[] | undefined {
    return (line) => {
      const row = jsonRow(line);
      if (row === undefined) return undefined;
      const zeek = row('source.ip') === undefined ? row : ecsRow(row);
      return this.#readerOf((name) => zeek(name) !== undefined)(zeek);
    };
  }

  #csv(): (line: string) => readonly ReplayRecord[] | undefined {
    let csv: Csv | undefined;
    return (line) => {
      if (csv === undefined) {
        csv = new Csv(line);
        this.#reading.items--;
        return [];
      }
      const row = csv.row(line);
      if (row === undefined) return undefined;
      if (csv.has('SrcAddr')) return this.#count(binetflowRecords(row, this.#nextId()));
      const zeek = csv.has('source.ip') ? ecsRow(row) : row;
      return this.#readerOf((name) => zeek(name) !== undefined)(zeek);
    };
  }

  /** By the fields that a log has: Zeek's names are the user's to change, its columns hardly. */
  #readerOf(has: (name: string) => boolean): RowReader {
    if (!has('id.orig_h')) return this.#pass;
    if (has('conn_state') || (has('proto') && has('orig_pkts'))) return (row) => this.#count(connRecords(row));
    if (has('query') || has('qtype') || has('rcode')) return (row) => this.#count(dnsRecords(row, this.#nextId()));
    if (has('server_name')) {
      return (row) => {
        const hint = nameHint(row);
        return this.#count(hint ? [hint] : []);
      };
    }
    return this.#pass;
  }

  readonly #pass: RowReader = () => {
    this.#passedOver++;
    return [];
  };

  #count(records: ReplayRecord[] | undefined): ReplayRecord[] | undefined {
    if (records !== undefined) this.#used++;
    return records;
  }

  #nextId(): string {
    return `${this.#prefix}${this.#reading.items}`;
  }
}

function beginOf(record: ReplayRecord): number {
  if (record.kind === 'observed' && record.observation.kind === 'connection') return record.observation.openedUs;
  return record.atUs;
}

type RowReader = (row: Row) => readonly ReplayRecord[] | undefined;
