// Conditions: into the address and back, whatever their values begin with, and what one does to another.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asksFor,
  conditionParameters,
  exactly,
  listItem,
  parseConditions,
  withCondition,
  withoutCondition,
  type Condition,
} from './condition.ts';

const fields = ['process', 'name'] as const;
type Field = (typeof fields)[number];
const is = (field: Field, value: string): Condition<Field> => ({ field, value, exclude: false });
const not = (field: Field, value: string): Condition<Field> => ({ field, value, exclude: true });
const some = (_field: Field, value: string) => value !== '';

const inAddress = (conditions: readonly Condition<Field>[]) => {
  const parameters = new URLSearchParams();
  for (const [field, values] of Object.entries(conditionParameters(conditions, fields)))
    for (const value of values) parameters.append(field, value);
  return parameters;
};

it('what stands in the address is read again', () => {
  const condition = fc.record({
    field: fc.constantFrom(...fields),
    value: fc.string({ minLength: 1, unit: fc.constantFrom('!', '=', ',', '\\', ' ', 'a', '*', '\n') }),
    exclude: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(condition), (conditions) => {
      const ordered = fields.flatMap((field) => conditions.filter((one) => one.field === field));
      expect(parseConditions(inAddress(conditions), fields, some)).toEqual(ordered);
    }),
  );
});

describe('as text', () => {
  it.each([
    [is('process', 'nginx'), 'nginx'],
    [not('process', 'nginx'), '!nginx'],
    [is('process', '!odd'), '=!odd'],
    [not('process', '!odd'), '!=!odd'],
    [is('process', '=odd'), '==odd'],
  ])('%j', (condition, text) => {
    expect(conditionParameters([condition], fields).process).toEqual([text]);
    if (!condition.exclude) expect(exactly(condition.value)).toBe(text);
  });

  it('a comma parts values, unless a backslash stands before it', () =>
    expect([is('name', 'a,b'), not('name', 'c\\')].map(listItem)).toEqual(['a\\,b', '!c\\\\']));
});

it.each(['process=', 'process=!', 'process==', 'other=1'])('%s is no condition', (text) =>
  expect(parseConditions(new URLSearchParams(text), fields, some)).toEqual([]),
);

it('a condition takes the place of its opposite, and goes by its value', () => {
  const one = [is('process', 'a'), is('name', 'a')];
  expect(withCondition(one, not('process', 'a'))).toEqual([is('name', 'a'), not('process', 'a')]);
  expect(withoutCondition(one, not('name', 'a'))).toEqual([is('process', 'a')]);
});

it('asks for what it does not exclude', () => {
  expect(asksFor([is('process', 'a')], { field: 'process', value: 'a' })).toBe(true);
  expect(asksFor([not('process', 'a')], { field: 'process', value: 'a' })).toBe(false);
});
