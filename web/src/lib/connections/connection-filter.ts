// The filter of a connections table: what it can ask for, and what of it the collector is asked.
import { conditionParameters, parseConditions, type Condition as AnyCondition } from '../filter/condition.ts';
import { parseNetwork } from '../net/address.ts';
import { shapeWords, stateShapes, type StateShape } from '../ui/connection-states.ts';
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
  'country',
  'asn',
] as const;
export type FilterField = (typeof filterFields)[number];

export type Condition = AnyCondition<FilterField>;

export interface ConnectionFilter {
  /** Conditions on one field are alternatives, those that exclude and those on different fields all hold. */
  conditions: readonly Condition[];
  /** Words that must all occur. */
  text: string;
}

/** What the far end's place says, which is known some moments later than the rest of a row. */
export const isPlaceField = (field: FilterField): field is 'country' | 'asn' => field === 'country' || field === 'asn';

/** Stands for a process that is not known. */
export const unknownProcess = '?';

export const parseFilter = (parameters: URLSearchParams): ConnectionFilter => ({
  conditions: parseConditions(parameters, filterFields, valid),
  text: parameters.get('q') ?? '',
});

/** The part of an address that holds conditions: equal for equal filters, whatever else changes. */
export const filterTextOf = (parameters: Pick<URLSearchParams, 'getAll'>): string =>
  new URLSearchParams(
    filterFields.flatMap((field) => parameters.getAll(field).map((value): [string, string] => [field, value])),
  ).toString();

export const filterParameters = (conditions: readonly Condition[]): Record<FilterField, string[]> =>
  conditionParameters(conditions, filterFields);

/** Whether a value means something for its field: an address is one, a port is a number. */
export function valid(field: FilterField, value: string): boolean {
  if (field === 'state') return (stateShapes as readonly string[]).includes(value);
  if (field === 'address') return parseNetwork(value) !== undefined;
  if (field === 'port') return isPortRange(value);
  if (field === 'protocol') return value === 'tcp' || value === 'udp';
  if (field === 'country') return /^[A-Z]{2}$/.test(value);
  if (field === 'asn') return /^[1-9]\d{0,9}$/.test(value);
  if (field === 'container') return /^[A-Za-z0-9_.-]{1,64}$/.test(value);
  if (field === 'direction') return (directionNames as readonly string[]).includes(value);
  return value !== '';
}

/** A port or a range of ports, `8000-8100`. */
function isPortRange(value: string): boolean {
  const [least, most = least] = value.split('-').map(Number) as [number, number?];
  return /^\d{1,5}(-\d{1,5})?$/.test(value) && least <= most && most < 65_536;
}

/** The words of a chip: "process is not", "state is". */
export const wordsOf = ({ field, value, exclude }: Condition): string =>
  `${field} ${exclude ? 'is not' : field === 'address' && value.includes('/') ? 'in' : 'is'}`;

/** The value of a chip. */
export const shownValue = ({ field, value }: Condition): string =>
  field === 'state' ? shapeWords[value as StateShape].toLowerCase() : value === unknownProcess ? 'unknown' : value;
