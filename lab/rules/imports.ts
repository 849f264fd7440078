// What a file imports, as TypeScript itself reads it, resolved to paths within the repository.
import { posix } from 'node:path';
import ts from 'typescript';
import type { SourceFile } from './source-files.ts';

export interface Import {
  from: string;
  /** A path within the repository for a relative import, else the specifier as it stands. */
  to: string;
}

export function importsOf(file: SourceFile): Import[] {
  const { importedFiles } = ts.preProcessFile(scriptOf(file), true, true);
  const folder = posix.dirname(file.path);
  return importedFiles.map(({ fileName }) => ({
    from: file.path,
    to: fileName.startsWith('.') ? posix.join(folder, fileName) : fileName,
  }));
}

/** The scripts of a .svelte file; any other file as it is. */
function scriptOf({ path, text }: SourceFile): string {
  if (!path.endsWith('.svelte')) return text;
  return [...text.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, script]) => script).join('\n');
}
