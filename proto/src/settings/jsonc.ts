// Reads JSON with comments and trailing commas, and remembers the line of every key, so that a fault can be found in its file.

export interface JsoncEntry {
  value: unknown;
  /** Of the key, counted from 1. */
  line: number;
}

export class JsoncError extends Error {
  readonly code = 'jsonc';
  readonly retryable = false;
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.name = 'JsoncError';
    this.line = line;
  }
}

const mostDepth = 4;
const token =
  /[ \t\r\n\uFEFF]+|\/\/[^\n]*|\/\*[^]*?\*\/|([{},:])|("(?:[^"\\\u0000-\u001f]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

interface Token {
  text: string;
  line: number;
}

/** The leaves of an object, keys of nested objects joined by dots. Throws JsoncError. */
export function parseJsonc(text: string): Map<string, JsoncEntry> {
  const tokens = tokenize(text);
  const entries = new Map<string, JsoncEntry>();
  let at = 0;

  const peek = (): Token => tokens[at]!;
  const take = (): Token => tokens[at++]!;
  const expect = (wanted: string): void => {
    const { text: found, line } = take();
    if (found !== wanted) throw new JsoncError(line, `${shown(found)} stands where ${wanted} is required`);
  };
  /** Up to the closing brace, with commas between members and maybe one behind the last. */
  const members = (prefix: string, depth: number): void => {
    while (peek().text !== '}') {
      member(prefix, depth);
      if (peek().text !== '}') expect(',');
    }
    take();
  };
  const member = (prefix: string, depth: number): void => {
    const { text: name, line } = take();
    if (!name.startsWith('"')) throw new JsoncError(line, `${shown(name)} stands where a key in quotes is required`);
    const key = prefix + readScalar(name, line);
    if (entries.has(key)) throw new JsoncError(line, `"${key}" is given twice`);
    expect(':');
    if (peek().text !== '{') return void entries.set(key, { value: value(key), line });
    if (depth >= mostDepth) throw new JsoncError(line, `"${key}" is nested more than ${mostDepth} deep`);
    take();
    members(`${key}.`, depth + 1);
  };
  const value = (key: string): unknown => {
    const { text: found, line } = take();
    if (/^["\-\dtfn]/.test(found)) return readScalar(found, line);
    throw new JsoncError(line, `${shown(found)} stands where a value of "${key}" is required`);
  };

  expect('{');
  members('', 1);
  if (peek().text !== '') throw new JsoncError(peek().line, `${shown(peek().text)} stands behind the end`);
  return entries;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  token.lastIndex = 0;
  for (let at = 0; at < text.length; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) throw new JsoncError(line, `${shown(text.slice(at).split('\n', 1)[0]!)} is not JSON`);
    const found = match[1] ?? match[2] ?? match[3];
    if (found !== undefined) tokens.push({ text: found, line });
    line += match[0].split('\n').length - 1;
  }
  return [...tokens, { text: '', line }];
}

function readScalar(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new JsoncError(line, `${shown(text)} is not JSON`);
  }
}

/** Short, and never the text of a string: it may be a secret. */
function shown(text: string): string {
  if (text === '') return 'the end of the file';
  return text.startsWith('"') ? 'a text' : `“${text.slice(0, 12)}”`;
}
