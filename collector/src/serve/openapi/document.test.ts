// The OpenAPI document covers every route there is, and is whole in itself.
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { pageHeaders } from '../security-headers.ts';
import { apiDocument } from './document.ts';
import { operations } from './operations.ts';
import { apiPage } from './page.ts';

const folder = new URL('../routes/', import.meta.url);
/** The document does not describe itself, nor what lies outside /api/v1: scripts and files for whoever installs an agent. */
const undescribed = ['openapi.ts', 'release.ts'];
const document = apiDocument(operations, '1.2.3');

test('every route is registered from an operation, and every operation is in the document', async () => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  let declared = 0;
  for (const file of files) {
    const source = await readFile(new URL(file, folder), 'utf8');
    const registered = [...source.matchAll(/routes\.(?:get|post|put|patch|delete|all|on)\((.{8})/g)].map(
      ([, start]) => start,
    );
    if (undescribed.includes(file)) expect(registered).toHaveLength(2);
    else expect({ file, registered }).toEqual({ file, registered: registered.map(() => 'routeOf(') });
    declared += source.match(/ = operation\(\{/g)?.length ?? 0;
  }
  const described = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(described).toHaveLength(declared);
  expect(operations).toHaveLength(declared);
  expect(new Set(described.map((operation) => operation.operationId)).size).toBe(declared);
});

describe('the document', () => {
  test('has every parameter with a meaning, and those of the path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { parameters }] of Object.entries(methods)) {
        const given = operations.find((operation) => operation.path === path && operation.method === method)!;
        const names = parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name);
        expect(names).toEqual(Object.keys(given.query));
        expect(parameters.filter((parameter) => !parameter.description).map(({ name }) => `${path} ${name}`)).toEqual(
          [],
        );
        expect(parameters.some((parameter) => parameter.in === 'path')).toBe(path.includes('{'));
      }
    }
  });

  test('refers only to what it has', () => {
    const text = JSON.stringify(document);
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!));
    expect(references.size).toBeGreaterThan(20);
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
      expect(document.components.schemas).toHaveProperty(reference.split('/').at(-1)!);
    }
    // Fields may be added to answers.
    expect(JSON.stringify(document.components).includes('additionalProperties":false')).toBe(false);
  });
});

describe('the page', () => {
  const page = apiPage(document);

  test('shows every operation, and needs no script and nothing from elsewhere', () => {
    for (const methods of Object.values(document.paths)) {
      for (const { operationId } of Object.values(methods)) expect(page).toContain(`id="${operationId}"`);
    }
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/);
    expect(page).not.toMatch(/\son\w+=/);
  });

  test("its style is allowed by the policy's hash", () => {
    const policy = pageHeaders(page)['content-security-policy'];
    expect(policy).toMatch(/style-src 'self' 'sha256-[\w+/=]+'/);
    expect(policy).toContain("script-src 'self';");
  });
});
