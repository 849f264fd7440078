// The host's audit on disk: lines that are only ever appended, in a bounded number of files; a full one is put aside, and the chain goes on.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { type AuditDetail, type AuditEntry, type AuditEvent, nextEntry, parseEntry } from './audit-entry.ts';

export interface AuditChain extends Disposable {
  /** Throws when it cannot be written: then nothing may be done that would have to be in it. */
  append(event: AuditEvent, detail: AuditDetail): AuditEntry;
  /** The last entry; undefined before the first. */
  last(): AuditEntry | undefined;
}

export interface AuditChainOptions {
  /** The newest file; older ones bear a number behind its name, 1 the newest of them. */
  path: string;
  now: () => Date;
  fileBytes?: number;
  files?: number;
}

const fileBytesDefault = 1 << 20;
export const auditFiles = 8;

export function openAuditChain(options: AuditChainOptions): AuditChain {
  return new Chain(options);
}

class Chain implements AuditChain {
  readonly #path: string;
  readonly #now: () => Date;
  readonly #fileBytes: number;
  readonly #files: number;
  #file: number;
  #bytes: number;
  #last: AuditEntry | undefined;
  #isClosed = false;

  constructor({ path, now, fileBytes = fileBytesDefault, files = auditFiles }: AuditChainOptions) {
    this.#path = path;
    this.#now = now;
    this.#fileBytes = fileBytes;
    this.#files = files;
    const end = readEnd(path, files);
    this.#file = openSync(path, 'a', 0o600);
    if (end.wholeBytes !== undefined) ftruncateSync(this.#file, end.wholeBytes);
    this.#bytes = fstatSync(this.#file).size;
    this.#last = end.last;
    if (end.damage) this.append('chain-damaged', { what: end.damage });
  }

  append(event: AuditEvent, detail: AuditDetail): AuditEntry {
    if (this.#isClosed) throw new Error(`'${this.#path}' is closed`);
    const entry = nextEntry(this.#last, { at: this.#now().toISOString(), event, detail });
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    if (this.#bytes > 0 && this.#bytes + line.length > this.#fileBytes) this.#rotate();
    this.#write(line);
    this.#last = entry;
    return entry;
  }

  last(): AuditEntry | undefined {
    return this.#last;
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) closeSync(this.#file);
    this.#isClosed = true;
  }

  /** Whole and on the disk, or not at all. */
  #write(line: Buffer): void {
    try {
      if (writeSync(this.#file, line) !== line.length) throw new Error(`'${this.#path}' takes no more`);
      fsyncSync(this.#file);
    } catch (error) {
      ftruncateSync(this.#file, this.#bytes);
      throw error;
    }
    this.#bytes += line.length;
  }

  #rotate(): void {
    for (let number = this.#files - 1; number > 0; number--) {
      const from = auditFile(this.#path, number - 1);
      if (existsSync(from)) renameSync(from, auditFile(this.#path, number));
    }
    const next = openSync(this.#path, 'a', 0o600);
    closeSync(this.#file);
    this.#file = next;
    this.#bytes = 0;
  }
}

/** 0 = the newest, which is written to. */
export const auditFile = (path: string, number: number) => (number === 0 ? path : `${path}.${number}`);

interface End {
  last: AuditEntry | undefined;
  /** Where the last whole line ends, when something stands behind it. */
  wholeBytes: number | undefined;
  /** What is wrong, for the entry that says so; '' = nothing. */
  damage: string;
}

/** Where the chain goes on. A line that a crash cut short was never answered to anybody, so it goes. */
function readEnd(path: string, files: number): End {
  let damage = '';
  let wholeBytes: number | undefined;
  for (let number = 0; number < files; number++) {
    const file = auditFile(path, number);
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (number === 0 && whole < bytes.length) {
      wholeBytes = whole;
      damage = `${bytes.length - whole} bytes of an unfinished entry were removed`;
    }
    const lines = bytes.toString('utf8', 0, whole).split('\n').filter(Boolean);
    const last = lines.map(parseEntry).findLast((entry) => entry !== undefined);
    if (lines.length > 0 && parseEntry(lines.at(-1)!) === undefined) damage = `the last line of ${file} is no entry`;
    if (last !== undefined) return { last, wholeBytes, damage };
  }
  return { last: undefined, wholeBytes, damage };
}
