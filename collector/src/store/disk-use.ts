// What Foretop's data takes on disk, and what the disk has left.
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from './database.ts';
import { findData } from './embedded/home.ts';

export interface FreeSpace {
  freeBytes: number;
  totalBytes: number;
}

export interface DiskReader {
  databaseBytes(): Promise<number>;
  quarantineBytes(): Promise<number>;
  /** Of the disk of the embedded database; with another server, of the data directory. undefined = cannot be told. */
  freeSpace(): Promise<FreeSpace | undefined>;
}

export function diskReader(store: Pick<Store, 'bytes' | 'kind'>, dataDir: string, quarantineDir: string): DiskReader {
  return {
    databaseBytes: () => store.bytes(),
    quarantineBytes: () => folderBytes(quarantineDir),
    async freeSpace() {
      const place = store.kind === 'embedded' ? await findData(dataDir) : dataDir;
      return statfs(place).then(
        ({ bavail, blocks, bsize }) => ({ freeBytes: bavail * bsize, totalBytes: blocks * bsize }),
        () => undefined,
      );
    },
  };
}

/** Of the files right in it; 0 when there is no such folder. A file that goes meanwhile counts nothing. */
async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
