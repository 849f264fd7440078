// docs/security-tests.md names a test for each attack: each of them is there under that name, whole or as the row and the title of a table.
import { expect, test } from 'vitest';
import { textFiles } from './source-files.ts';

const files = new Map(textFiles().map(({ path, text }) => [path, text]));
const document = files.get('docs/security-tests.md')!;
const isTest = (path: string) => /\.(test|e2e)\.ts$/.test(path);

interface Named {
  /** Of the attack, for who reads a failure. */
  attack: string;
  file: string;
  name: string;
}

/** `H` is `path`: letters of a section. Paths of one folder are written once. */
function lettersOf(section: string): Map<string, string> {
  const introduction = section.split('\n|')[0]!;
  return new Map([...introduction.matchAll(/`([A-Z])` is `([^`]+)`/g)].map(([, letter, path]) => [letter!, path!]));
}

function pathOf(written: string): string {
  if (files.has(written)) return written;
  const found = [...files.keys()].filter((path) => path.endsWith(`/${written}`));
  return found.length === 1 ? found[0]! : written;
}

function namedIn(section: string): Named[] {
  const letters = lettersOf(section);
  let file = '';
  return section
    .split('\n')
    .filter((line) => /^\| (?!Attack)/.test(line))
    .flatMap((line) => {
      const cells = line.split(/(?<!\\)\|/).slice(1, -1);
      const attack = cells[0]!.trim().slice(0, 80);
      const named: Named[] = [];
      for (const [, letter, text] of cells.at(-1)!.matchAll(/\b([A-Z]): |`([^`]+)`/g)) {
        if (letter !== undefined)
          file = letters.get(letter) ?? `the letter ${letter}, which the section does not explain`;
        else if (isTest(text!)) file = text!;
        else named.push({ attack, file: pathOf(file), name: text!.replaceAll('\\|', '|') });
        if (letter !== undefined || isTest(text!)) named.push({ attack, file: pathOf(file), name: '' });
      }
      return named;
    });
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Titles of tests and of their groups, as they stand in the source. */
function titlesOf(source: string): string[] {
  const calls = source.matchAll(
    /(?:\)|\b(?:describe|test|it)(?:\.\w+(?:\([^()]*\))?)*)\(\s*(?:(['"`])((?:\\.|(?!\1).)*)\1)/g,
  );
  return [...calls].map(([, , title]) => title!.replaceAll(/\\(['"`])/g, '$1'));
}

/** A title says this name when it is the same where the title has no place for a row, and the row is in the source too. */
function says(title: string, name: string, source: string): boolean {
  const form = title
    .split(/(?:%[sjdio#]|\$\{[^}]*\}|\$[\w.]+)/)
    .map(escaped)
    .join('(.+?)');
  const found = new RegExp(`(?:^|.*\\s)${form}`, 's').exec(name) ?? new RegExp(`^${form}$`, 's').exec(name);
  const isRow = (row: string) => row === '…' || source.includes(row) || source.includes(row.replaceAll("'", "\\'"));
  return found !== null && found.slice(1).every(isRow);
}

/** Three points stand for what the same row has said before, or for what varies. */
function isThere({ file, name }: Named): boolean {
  const source = files.get(file);
  if (source === undefined || !isTest(file)) return false;
  const titles = titlesOf(source);
  if (titles.some((title) => says(title, name, source))) return true;
  const parts = name.split('…').map((part) => part.trim());
  return parts.filter(Boolean).every((part) => {
    if (source.includes(part) || source.includes(part.replaceAll("'", "\\'"))) return true;
    const words = part.split(' ');
    return words.some((_, at) => {
      const [group, rest] = [words.slice(0, at).join(' '), words.slice(at).join(' ')];
      const isGroup =
        at === 0 || titles.some((title) => title === group || title.startsWith(group) || says(title, group, source));
      return isGroup && titles.some((title) => title.includes(rest) || says(title, rest, source));
    });
  });
}

test('every attack in docs/security-tests.md names a test that is there', () => {
  const named = document.split(/^## /m).slice(1).flatMap(namedIn);
  expect(named.length).toBeGreaterThan(150);
  expect(named.filter((one) => !isThere(one))).toEqual([]);
});
