// Rules of the house that no compiler knows: one reader of the environment, files of one subject that say what they are for, no addresses of registries.
import { expect, test } from 'vitest';
import { codeFiles, type SourceFile, textFiles } from './source-files.ts';

// This file names what it forbids.
const isOther = ({ path }: SourceFile) => path !== 'lab/rules/house.test.ts';
const files = textFiles().filter(isOther);
const code = codeFiles().filter(isOther);
const isTest = (path: string) => /\.(test|e2e)\.ts$|\/test\/|\/test-[^/]*\.ts$/.test(path);
const paths = (list: { path: string }[]) => list.map(({ path }) => path);

test('the rules see the repository', () => {
  expect(paths(code)).toEqual(expect.arrayContaining(['proto/src/codec.ts', 'deploy/local/start.mjs', '.ci/run']));
});

test('the environment is read in one file a package', () => {
  const readers = code.filter(
    ({ path, text }) =>
      !path.startsWith('lab/') && !isTest(path) && /\bprocess\.env\b|\benv\b.*from 'node:process'/.test(text),
  );
  const allowed = [
    'agent/src/config/environment.ts',
    'collector/src/config/environment.ts',
    'deploy/local/environment.mjs',
    'web/vite.config.ts', // sets it for the build, and reads nothing of it
  ];
  expect(paths(readers).filter((path) => !allowed.includes(path))).toEqual([]);
});

test('no file is longer than 400 lines', () => {
  const dumps = ['collector/test/schema.sql'];
  const long = code.filter(({ path, text }) => !dumps.includes(path) && text.split('\n').length > 401);
  expect(paths(long)).toEqual([]);
});

test('every source file starts with a sentence that says what it is for', () => {
  // A shebang or a component's opening tag may stand before it. A test is for the file whose name it bears.
  const opening = /^(#!.*\n|<script[^>]*>\n\s*)?(\/\/ |\/\*\*? ?|<!--\s*|# |-- )\s*\S.*/;
  const dumps = ['collector/test/schema.sql'];
  const silent = code.filter(({ path, text }) => !dumps.includes(path) && !isTest(path) && !opening.test(text));
  expect(paths(silent)).toEqual([]);
});

test('no registry is named anywhere', () => {
  const hosts = new RegExp(
    String.raw`\b(registry|npm)\.[a-z0-9-]+\.(org|com|net|io|dev)\b|\bnpmmirror\b|\byarnpkg\.com`,
    'i',
  );
  expect(paths(files.filter(({ text }) => hosts.test(text)))).toEqual([]);
});

test('the lock file has no download addresses', () => {
  const lock = files.find(({ path }) => path === 'package-lock.json')!;
  const resolved = [...lock.text.matchAll(/"resolved": "([^"]*)"/g)].map(([, target]) => target!);
  expect(resolved.filter((target) => !/^(proto|agent|collector|web|lab)$/.test(target))).toEqual([]);
  expect(lock.text).not.toMatch(/https?:\/\/[^"]*\.tgz/);
});

test('every dependency outside of types is pinned to one version', () => {
  const manifests = files.filter(({ path }) => /^(\w+\/)?package\.json$/.test(path));
  const loose = manifests.flatMap(({ path, text }) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(text) as Record<string, Record<string, string>>;
    const all = Object.entries({ ...dependencies, ...devDependencies });
    return all
      .filter(([name, version]) => !name.startsWith('@types/') && !/^\d+\.\d+\.\d+[\w.-]*$/.test(version))
      .map(([name]) => `${path} ${name}`);
  });
  expect(manifests.length).toBe(6);
  expect(loose).toEqual([]);
});

test('no page puts raw HTML into the document', () => {
  const raw = /\{@html\b|\.(inner|outer)HTML\s*=|insertAdjacentHTML/;
  expect(paths(code.filter(({ path, text }) => path.startsWith('web/') && raw.test(text)))).toEqual([]);
});

test('no type is any', () => {
  const loose = /(:|\bas|[<,|])\s*any\s*([;,)>=\]|{]|$)/m;
  const comment = /^\s*(\/\/|\*|\/\*\*).*$/gm; // prose may use the word
  const typed = code.filter(({ path }) => /\.(ts|svelte)$/.test(path));
  expect(paths(typed.filter(({ text }) => loose.test(text.replace(comment, ''))))).toEqual([]);
});

test('no check is switched off', () => {
  const directive = /@ts-(ignore|nocheck|expect-error)|(eslint|oxlint|prettier)-(disable|ignore)/;
  expect(paths(code.filter(({ text }) => directive.test(text)))).toEqual([]);
});

test('no test runs alone, and one that is left out says why', () => {
  const focused = /\b(it|test|describe)\.(only|skip|todo)\(/;
  expect(paths(code.filter(({ path, text }) => isTest(path) && focused.test(text)))).toEqual([]);
});

test('no work is left open in code', () => {
  const marks = /\b(TODO|FIXME|XXX|HACK)\b/;
  expect(paths(code.filter(({ text }) => marks.test(text)))).toEqual([]);
});
