// The filter of a connections table: conditions that stand in the address as `process=nginx&state=!time-wait`, and what they let through.
import { parseNetwork } from '../net/address.ts';
import { statesOf, stateShapes, type StateShape } from '../ui/connection-states.ts';
import { directionNames } from './connection-row.ts';

export const filterFields = [
  'host',
  'process',
  'state',
  'address',
  'port',
  'protocol',
  'direction',
  'unit',
  'container',
] as const;
export type FilterField = (typeof filterFields)[number];

export interface Condition {
  field: FilterField;
  value: string;
  exclude: boolean;
}

export interface ConnectionFilter {
  /** Conditions on one field are alternatives, those that exclude and those on different fields all hold. */
  conditions: readonly Condition[];
  /** Words that must all occur. */
  text: string;
}

/** Stands for a process that is not known. */
export const unknownProcess = '?';

/** In the address `!` excludes; `=` before a value takes it as it is. */
export function parseFilter(parameters: URLSearchParams): ConnectionFilter {
  const conditions = filterFields.flatMap((field) =>
    parameters.getAll(field).flatMap((text): Condition[] => {
      const exclude = text.startsWith('!');
      const value = exclude || text.startsWith('=') ? text.slice(1) : text;
      return valid(field, value) ? [{ field, value, exclude }] : [];
    }),
  );
  return { conditions, text: parameters.get('q') ?? '' };
}

/** The part of an address that holds conditions: equal for equal filters, whatever else changes. */
export const filterTextOf = (parameters: Pick<URLSearchParams, 'getAll'>): string =>
  new URLSearchParams(
    filterFields.flatMap((field) => parameters.getAll(field).map((value): [string, string] => [field, value])),
  ).toString();

/** The parameters of the address for these conditions, each field with all its values. */
export function filterParameters(conditions: readonly Condition[]): Record<FilterField, string[]> {
  const found = Object.fromEntries(filterFields.map((field) => [field, [] as string[]])) as Record<
    FilterField,
    string[]
  >;
  for (const { field, value, exclude } of conditions)
    found[field].push(exclude ? `!${value}` : /^[!=]/.test(value) ? `=${value}` : value);
  return found;
}

/** Whether a value means something for its field: an address is one, a port is a number. */
export function valid(field: FilterField, value: string): boolean {
  if (field === 'state') return (stateShapes as readonly string[]).includes(value);
  if (field === 'address') return parseNetwork(value) !== undefined;
  if (field === 'port') return isPortRange(value);
  if (field === 'protocol') return value === 'tcp' || value === 'udp';
  if (field === 'container') return /^[A-Za-z0-9_.-]{1,64}$/.test(value);
  if (field === 'direction') return (directionNames as readonly string[]).includes(value);
  return value !== '';
}

/** A port or a range of ports, `8000-8100`. */
function isPortRange(value: string): boolean {
  const [least, most = least] = value.split('-').map(Number) as [number, number?];
  return /^\d{1,5}(-\d{1,5})?$/.test(value) && least <= most && most < 65_536;
}

/** Adds a condition; one that says the opposite of the same value goes. */
export const withCondition = (conditions: readonly Condition[], added: Condition): Condition[] => [
  ...withoutCondition(conditions, added),
  added,
];

export const withoutCondition = (
  conditions: readonly Condition[],
  { field, value }: Pick<Condition, 'field' | 'value'>,
): Condition[] => conditions.filter((condition) => condition.field !== field || condition.value !== value);

/** A test of names in which `*` stands for anything. */
export function nameTest(value: string): (name: string) => boolean {
  if (!value.includes('*')) return (name) => name === value;
  const parts = value.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|/]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`, 's');
  return (name) => pattern.test(name);
}

/** A value among others: a comma parts them, a backslash takes the next character as it is. */
export const inList = (value: string): string => value.replace(/[,\\]/g, '\\$&');

/** The part of a filter that the REST API can answer, as its parameters; the rest is left to the rows that come. */
export function serverParameters(conditions: readonly Condition[]): {
  parameters: Partial<Record<FilterField, string>>;
  /** Nothing was left out. */
  exact: boolean;
} {
  const parameters: Partial<Record<FilterField, string>> = {};
  let exact = true;
  for (const field of filterFields) {
    const ofField = conditions.filter((one) => one.field === field);
    // `!` excludes there: alternatives to a value that begins with it must not narrow the answer.
    const expressible = ofField.filter(({ value }) => !value.startsWith('!'));
    const anyMissing = ofField.some((one) => !one.exclude && !expressible.includes(one));
    const values = expressible
      .filter((one) => one.exclude || !anyMissing)
      .flatMap(({ value, exclude }) =>
        (field === 'state' ? statesOf(value as StateShape) : [inList(value)]).map((name) =>
          exclude ? `!${name}` : name,
        ),
      );
    if (values.length > 0) parameters[field] = values.join(',');
    if (expressible.length < ofField.length) exact = false;
  }
  return { parameters, exact };
}

/** The words of a chip: "process is not", "state is". */
export const wordsOf = (condition: Condition): string =>
  `${condition.field} ${condition.exclude ? 'is not' : condition.field === 'address' && condition.value.includes('/') ? 'in' : 'is'}`;
