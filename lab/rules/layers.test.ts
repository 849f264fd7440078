// Stages import only downwards, packages share nothing but proto, and only the roots see everything.
import { expect, test } from 'vitest';
import { importsOf } from './imports.ts';
import { codeFiles } from './source-files.ts';
import { packages } from './stages.ts';

const isTest = (path: string) => /\.(test|e2e)\.ts$|\/test\/|\/test-[^/]*\.ts$/.test(path);
const scripts = codeFiles().filter(({ path }) => /\.(ts|mjs|js|svelte)$/.test(path));
const shipped = scripts.filter(({ path }) => !isTest(path));
const imports = shipped.flatMap(importsOf);

/** `collector/src/store/queries/x.ts` → collector, store; a file right under src stands for itself. */
function placeOf(path: string): { owner: string; stage: string } | undefined {
  const match = /^(\w+)\/src\/([^/]+)/.exec(path);
  return match ? { owner: match[1]!, stage: match[2]! } : undefined;
}

test('the rules see the imports', () => {
  expect(imports.some(({ from, to }) => from === 'proto/src/index.ts' && to === 'proto/src/codec.ts')).toBe(true);
  expect(imports.length).toBeGreaterThan(50);
});

test.each(Object.keys(packages))('every folder of %s is a stage with a place in the flow', (name) => {
  const { roots, stages } = packages[name]!;
  const places = shipped.map(({ path }) => placeOf(path)).filter((place) => place?.owner === name);
  const known = new Set([...roots, ...Object.keys(stages)]);
  expect([...new Set(places.map((place) => place!.stage))].filter((stage) => !known.has(stage))).toEqual([]);
});

test.each(Object.keys(packages))('the stages of %s import only downwards', (name) => {
  const { roots, stages } = packages[name]!;
  const wrong = imports.filter(({ from, to }) => {
    const source = placeOf(from);
    const target = placeOf(to);
    if (
      source?.owner !== name ||
      target?.owner !== name ||
      roots.includes(source.stage) ||
      source.stage === target.stage
    )
      return false;
    return !stages[source.stage]?.includes(target.stage);
  });
  expect(wrong).toEqual([]);
});

/** Captures are read by the parsers that the agent runs on live traffic (docs/decisions/0012). */
const readsCaptures = ({ from, to }: { from: string; to: string }) =>
  from.startsWith('collector/src/detect/replay/capture/') && to.startsWith('@foretop/agent/inspect/');

test('packages share only proto, and captures the agent’s parsers; lab may import all', () => {
  const wrong = imports.filter(({ from, to }) => {
    const owner = from.split('/')[0]!;
    if (owner === 'lab' || readsCaptures({ from, to })) return false;
    const other = /^@foretop\/(\w+)/.exec(to)?.[1] ?? (/^(agent|collector|web|lab|proto)\//.exec(to)?.[1] || owner);
    return other !== owner && other !== 'proto';
  });
  expect(wrong).toEqual([]);
});

test('proto is imported by its name, so that its exports are its surface', () => {
  expect(imports.filter(({ from, to }) => !from.startsWith('proto/') && to.startsWith('proto/'))).toEqual([]);
});

test('proto needs no other package of ours', () => {
  expect(imports.filter(({ from, to }) => from.startsWith('proto/') && to.startsWith('@foretop/'))).toEqual([]);
});

test('no shipped file imports a test or a test tool', () => {
  const tools = /^(vitest|fast-check|testcontainers|@playwright\/test)$/;
  const product = imports.filter(({ from }) => /^(proto|agent|collector|web)\/src\//.test(from));
  expect(product.filter(({ to }) => isTest(to) || tools.test(to))).toEqual([]);
});
