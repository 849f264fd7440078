import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsoncError, parseJsonc } from './jsonc.ts';

const plain = (text: string) => Object.fromEntries([...parseJsonc(text)].map(([key, { value }]) => [key, value]));

test('comments, trailing commas and groups are read, and every key has its line', () => {
  const text = `\uFEFF// head
{
  "port": 1, /* over
  two lines */ "data": "/a//b", // not a comment inside
  "retention": {
    "minutes": 90,
  },
}
`;
  expect(plain(text)).toEqual({ port: 1, data: '/a//b', 'retention.minutes': 90 });
  expect([...parseJsonc(text)].map(([, { line }]) => line)).toEqual([3, 4, 6]);
  expect(plain('{}')).toEqual({});
});

test.each([
  ['', 1, 'the end of the file'],
  ['[1]', 1, 'is not JSON'],
  ['{"a": 1', 1, 'the end of the file stands where , is required'],
  ['{\n"a": 1\n"b": 2}', 3, 'a text stands where , is required'],
  ['{"a": 1,\n"a": 2}', 2, '"a" is given twice'],
  ['{"a": {"b": 1},\n"a": {"b": 2}}', 2, '"a.b" is given twice'],
  ["{'a': 1}", 1, 'is not JSON'],
  ['{"a": }', 1, 'stands where a value of "a" is required'],
  ['{"a": [1]}', 1, 'is not JSON'],
  ['{"a": 01}', 1, '“01” is not JSON'],
  ['{"a": "\\q"}', 1, 'is not JSON'],
  ['{"a":{"b":{"c":{"d":{"e":1}}}}}', 1, 'nested more than 4 deep'],
  ['{} {}', 1, 'stands behind the end'],
  ['{"a": 1 /* open', 1, 'is not JSON'],
])('%j is refused with its line', (text, line, message) => {
  const refusal = (() => {
    try {
      return parseJsonc(text);
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(JsoncError);
  expect(refusal).toMatchObject({ line, message: expect.stringContaining(message) });
});

test('a refusal never repeats a text, which may be a secret', () => {
  expect(() => parseJsonc('{"database-url" "hunter2"}')).toThrow(/^(?!.*hunter2)/);
});

test('whatever JSON.stringify writes is read back; anything else is refused, never more', () => {
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value, { noNullPrototype: true }), (object) => {
      const read = parseJsonc(JSON.stringify(object, null, 2));
      expect(read.size).toBe(Object.keys(object).length);
      for (const [key, { value: found }] of read) expect(found).toEqual(JSON.parse(JSON.stringify(object[key])));
    }),
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('{', '}', '"', 'a', ':', ',', '1', '/', '*', '\n', '\\') }),
      (text) => {
        try {
          parseJsonc(text);
        } catch (error) {
          expect(error).toBeInstanceOf(JsoncError);
        }
      },
    ),
  );
});
