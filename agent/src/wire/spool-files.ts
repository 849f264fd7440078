// The files of the spool on disk: written at the end only, named by a rising number, private.
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { inDataDirectory, privateDirectory } from './data-directory.ts';
import { fileMagic, readRecord, scanFile, type FileRecord } from './spool-file.ts';

export interface SpoolFile {
  number: number;
  bytes: number;
}

export interface SpoolFiles {
  /** Oldest first. `cutBytes` were damaged or torn and are gone. */
  recover(onRecord: (file: SpoolFile, record: FileRecord) => void): { files: SpoolFile[]; cutBytes: number };
  /** A new file that begins with `head`; appends go there from now on. Throws when it cannot be written. */
  begin(number: number, head: Buffer): SpoolFile;
  /** Empties the file last begun and begins it again. */
  restart(file: SpoolFile, head: Buffer): void;
  /** At the end of the file last begun, whole or not at all. @returns where it begins. Throws when it cannot be written. */
  append(file: SpoolFile, record: Buffer): number;
  /** undefined = damaged. */
  read(file: SpoolFile, at: number, bytes: number): FileRecord | undefined;
  remove(file: SpoolFile): void;
  close(): void;
}

const nameOf = (number: number) => `${String(number).padStart(10, '0')}.spool`;

/**
 * Records are not synced one by one: what a process wrote survives its own death, and after a power cut the torn tail is
 * cut. What a power cut may take is the last half minute, which the collector has already if it could be reached.
 */
export function openSpoolFiles(directory: string): SpoolFiles {
  inDataDirectory(directory, () => privateDirectory(directory));
  const path = (file: SpoolFile) => join(directory, nameOf(file.number));
  let descriptor: number | undefined;

  const close = () => {
    if (descriptor === undefined) return;
    fdatasyncSync(descriptor);
    closeSync(descriptor);
    descriptor = undefined;
  };

  function write(bytes: Buffer, at: number): void {
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(descriptor!, bytes, done, bytes.length - done, at + done);
    } catch (error) {
      ftruncateSync(descriptor!, at);
      throw error;
    }
  }

  return {
    recover(onRecord) {
      const names = readdirSync(directory).filter((name) => /^\d{10}\.spool$/.test(name));
      const files: SpoolFile[] = [];
      let cutBytes = 0;
      for (const name of names.sort()) {
        const content = readFileSync(join(directory, name));
        const { records, goodBytes } = scanFile(content);
        cutBytes += content.length - goodBytes;
        if (records.length === 0) {
          rmSync(join(directory, name));
          continue;
        }
        if (goodBytes < content.length) truncateSync(join(directory, name), goodBytes);
        const file = { number: Number.parseInt(name, 10), bytes: goodBytes };
        files.push(file);
        for (const record of records) onRecord(file, record);
      }
      return { files, cutBytes };
    },
    begin(number, head) {
      const file = { number, bytes: 0 };
      const before = descriptor;
      descriptor = openSync(path(file), 'wx', 0o600);
      try {
        write(Buffer.concat([fileMagic, head]), 0);
      } catch (error) {
        closeSync(descriptor);
        rmSync(path(file));
        descriptor = before;
        throw error;
      }
      file.bytes = fileMagic.length + head.length;
      if (before !== undefined) closeSync(before);
      return file;
    },
    restart(file, head) {
      ftruncateSync(descriptor!, 0);
      file.bytes = 0;
      write(Buffer.concat([fileMagic, head]), 0);
      file.bytes = fileMagic.length + head.length;
    },
    append(file, record) {
      const at = file.bytes;
      write(record, at);
      file.bytes += record.length;
      return at;
    },
    read(file, at, bytes) {
      const reader = openSync(path(file), 'r');
      try {
        const content = Buffer.alloc(bytes);
        if (readSync(reader, content, 0, bytes, at) < bytes) return undefined;
        return readRecord(content, 0);
      } finally {
        closeSync(reader);
      }
    },
    remove(file) {
      try {
        rmSync(path(file), { force: true });
      } catch {
        // What cannot be removed now is found at the next start, and the collector says that it has it.
      }
    },
    close,
  };
}
