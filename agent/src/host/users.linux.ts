// User names by number, from /etc/passwd; read again when the file changes.
import { readFileSync, statSync } from 'node:fs';

const MAX_USERS = 65_536;

/** uid → name; lines that are not passwd(5) entries are passed over, the first of several names for a uid counts. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (!name || !uid || !/^\d{1,10}$/.test(uid)) continue;
    if (!names.has(Number(uid))) names.set(Number(uid), name);
    if (names.size >= MAX_USERS) break;
  }
  return names;
}

export interface Users {
  /** Empty when the number has no name. */
  name(uid: number): string;
}

/** `path` is /etc/passwd but in tests. Whether it changed is looked up at most once a minute of `nowMs`. */
export function openUsers(path: string, nowMs: () => number): Users {
  let names = new Map<number, string>();
  let modifiedMs = -1;
  let checkedMs = -Infinity;
  const refresh = (): void => {
    checkedMs = nowMs();
    try {
      const { mtimeMs } = statSync(path);
      if (mtimeMs === modifiedMs) return;
      names = parsePasswd(readFileSync(path, 'utf8'));
      modifiedMs = mtimeMs;
    } catch {
      // A host without the file has numbers only.
      names = new Map();
      modifiedMs = -1;
    }
  };
  return {
    name(uid) {
      if (nowMs() - checkedMs > 60_000) refresh();
      return names.get(uid) ?? '';
    },
  };
}
