// The open connections of all network namespaces together.
import type { ConnectionRecord } from './connection.ts';

export class OpenConnections {
  readonly byHandle = new Map<number, ConnectionRecord>();
  readonly #inodes = new Set<number>();
  /** Whether #inodes is of this look: most looks need none. */
  #inodesKnown = false;
  #lastHandle = 0;

  nextHandle(): number {
    return ++this.#lastHandle;
  }

  /** Before each look. */
  beginLook(): void {
    this.#inodesKnown = false;
  }

  /** Whether a socket that is open now has this inode; they are unique over all namespaces. */
  hasInode(inode: number): boolean {
    if (!this.#inodesKnown) {
      this.#inodesKnown = true;
      this.#inodes.clear();
      for (const record of this.byHandle.values()) if (record.inode > 0) this.#inodes.add(record.inode);
    }
    return this.#inodes.has(inode);
  }
}
