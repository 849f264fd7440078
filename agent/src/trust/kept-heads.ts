// Heads of the collector's audit chain, kept on this host: a collector that cuts its own history is found out by them.
import { peekStatement, StatementError } from '@foretop/proto/trust';
import { readPrivateFile, replacePrivateFile } from './private-file.ts';

/** Beyond so many the oldest go. Collectors send one every ten minutes and after each command. */
const mostKept = 500;
const mostBytes = 64 << 20;

export interface KeptHeads {
  /**
   * False: it is no head, or the one that came last. The host does not know the collector's key, so whoever compares later
   * checks the signature. Throws what the file system says.
   */
  keep(statement: string): boolean;
}

/** One line each: {"at": when it came by this host's clock, "head": the statement}. */
export function openKeptHeads(path: string, now: () => Date): KeptHeads {
  const lines = readLines(path).slice(-mostKept);
  let last = '';
  return {
    keep(statement) {
      if (statement === last || !isHead(statement)) return false;
      last = statement;
      lines.push(JSON.stringify({ at: now().toISOString(), head: statement }));
      lines.splice(0, lines.length - mostKept);
      replacePrivateFile(path, `${lines.join('\n')}\n`);
      return true;
    },
  };
}

/** A file that cannot be read, or that others could have written, is begun anew. */
function readLines(path: string): string[] {
  try {
    return (readPrivateFile(path, mostBytes) ?? '').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function isHead(statement: string): boolean {
  try {
    peekStatement('auditHead', statement);
    return true;
  } catch (error) {
    if (error instanceof StatementError) return false;
    throw error;
  }
}
