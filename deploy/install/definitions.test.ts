// The definitions of the service for other systems: well-formed, and with arguments that the agent takes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const main = fileURLToPath(new URL('../../agent/src/main.ts', import.meta.url));

/** Names of the elements in order; throws where one is not closed, or text holds a bare & or <. */
function elementsOf(xml: string): string[] {
  const body = xml.replace(/^<\?xml [^?]*\?>\s*/, '').replace(/<!DOCTYPE[^>]*>|<!--(?:(?!--)[\s\S])*-->/g, '');
  const open: string[] = [];
  const seen: string[] = [];
  const parts = body.matchAll(/<(\/?)([A-Za-z][\w.]*)((?:\s+[\w.]+="[^"<&]*")*)\s*(\/?)>|([^<]+|<)/g);
  for (const [whole, closing, name, , single, text] of parts) {
    if (text !== undefined) {
      if (text === '<' || /&(?!(amp|lt|gt|quot|apos|#\d+);)/.test(text)) throw new Error(`not well-formed at ${text}`);
      if (open.length === 0 && text.trim() !== '') throw new Error(`text outside of the document: ${text}`);
      continue;
    }
    if (closing && open.pop() !== name) throw new Error(`${whole} closes another element`);
    if (!closing) seen.push(name!);
    if (!closing && !single) open.push(name!);
  }
  if (open.length > 0) throw new Error(`${open.join(', ')} stays open`);
  return seen;
}

/** `run … --help` succeeds only for options that exist. */
function expectTaken(args: string[]): void {
  const options = args.filter((word) => word.startsWith('--'));
  const help = execFileSync(process.execPath, [main, 'run', '--help'], { encoding: 'utf8' });
  expect(options.length).toBeGreaterThan(0);
  for (const option of options) expect(help).toContain(`${option} `);
}

test('the check of XML finds faults', () => {
  expect(() => elementsOf('<a><b></a>')).toThrow(/closes another/);
  expect(() => elementsOf('<a>1 & 2</a>')).toThrow(/not well-formed/);
  expect(() => elementsOf('<a>')).toThrow(/stays open/);
});

test('launchd: a property list with each key once and a value for each', () => {
  const text = read('launchd/org.foretop.agent.plist');
  const elements = elementsOf(text);
  expect(elements.slice(0, 3)).toEqual(['plist', 'dict', 'key']);
  const top = text.slice(text.indexOf('<dict>') + 6, text.lastIndexOf('</dict>'));
  const pairs = [...top.matchAll(/<key>(\w+)<\/key>\s*<(string|array|true|false|integer|dict)\b/g)].map(
    ([, key]) => key,
  );
  expect(pairs).toEqual([...new Set(pairs)]);
  expect(pairs).toHaveLength(elements.filter((name) => name === 'key').length);
  expect(pairs).toEqual(expect.arrayContaining(['Label', 'ProgramArguments', 'RunAtLoad', 'KeepAlive']));
  expectTaken([...text.matchAll(/<string>(--[\w-]+)<\/string>/g)].map(([, word]) => word!));
});

test('Windows: a service definition with what the wrapper requires', () => {
  const text = read('windows/foretop-agent.xml');
  expect(elementsOf(text)).toEqual(expect.arrayContaining(['service', 'id', 'name', 'description', 'executable']));
  const [, line] = /<arguments>([^<]*)<\/arguments>/.exec(text)!;
  expectTaken(line!.slice(line!.indexOf(' run ')).split(/\s+/));
});
