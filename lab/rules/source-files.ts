// The repository's own text files, without what is installed, generated or built, for the rules to look through.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceFile {
  /** From the top of the repository, with slashes. */
  path: string;
  text: string;
}

const passedOver = new Set([
  'node_modules',
  'gen',
  'build',
  'dist',
  '.git',
  '.svelte-kit',
  '.turbo',
  '.foretop',
  'test-results',
  'fixtures',
]);
const textual = new Set([
  '.ts',
  '.mjs',
  '.js',
  '.svelte',
  '.css',
  '.html',
  '.proto',
  '.sql',
  '.sh',
  '.json',
  '.yml',
  '.yaml',
  '.md',
  '.service',
  '',
]);
const code = new Set(['.ts', '.mjs', '.js', '.svelte', '.proto', '.sql', '.sh', '.c', '.h']);

/** Every text file, data for tests included. */
export function textFiles(): SourceFile[] {
  return walk(repository)
    .filter((path) => textual.has(extname(path)) && !path.endsWith('.tsbuildinfo'))
    .map((path) => ({ path: relative(repository, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}

/** What people write and read: code in every language that the project uses. */
export function codeFiles(): SourceFile[] {
  return textFiles().filter(
    ({ path, text }) => code.has(extname(path)) || (extname(path) === '' && text.startsWith('#!')),
  );
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (passedOver.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() ? [path] : [];
  });
}
