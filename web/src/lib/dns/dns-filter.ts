// The filter of a DNS list: conditions that stand in the address as `name=*.example.com&rcode=!NOERROR`, as the collector takes them.
import { inList } from '../connections/connection-filter.ts';

export const dnsFields = ['host', 'process', 'name', 'type', 'rcode', 'resolver', 'address', 'answered'] as const;
export type DnsField = (typeof dnsFields)[number];

export interface DnsCondition {
  field: DnsField;
  value: string;
  exclude: boolean;
}

export function parseDnsFilter(parameters: Pick<URLSearchParams, 'getAll'>): DnsCondition[] {
  return dnsFields.flatMap((field) =>
    parameters
      .getAll(field)
      .filter((text) => text.replace('!', '') !== '')
      .map((text) => ({ field, value: text.replace(/^!/, ''), exclude: text.startsWith('!') })),
  );
}

/** What stands in the address; no value takes a field out of it. */
export function dnsFilterParameters(conditions: readonly DnsCondition[]): Record<DnsField, string[]> {
  const values = (field: DnsField) =>
    conditions.filter((one) => one.field === field).map(({ value, exclude }) => (exclude ? `!${value}` : value));
  return Object.fromEntries(dnsFields.map((field) => [field, values(field)])) as Record<DnsField, string[]>;
}

/** The same for the collector: several values of a field with commas. A host's own page has no host to filter by. */
export function dnsServerParameters(conditions: readonly DnsCondition[], ofHost: boolean): Record<string, string> {
  const given = Object.entries(dnsFilterParameters(conditions)).filter(
    ([field, values]) => values.length > 0 && !(ofHost && field === 'host'),
  );
  return Object.fromEntries(given.map(([field, values]) => [field, values.map(inList).join(',')]));
}

const same = (a: DnsCondition, b: DnsCondition) => a.field === b.field && a.value === b.value;

/** A condition that is there already, either way round, takes the place of the other. `answered` has one value. */
export const withDnsCondition = (conditions: readonly DnsCondition[], added: DnsCondition): DnsCondition[] => [
  ...conditions.filter((one) => !same(one, added) && !(added.field === 'answered' && one.field === 'answered')),
  added,
];

export const withoutDnsCondition = (conditions: readonly DnsCondition[], removed: DnsCondition): DnsCondition[] =>
  conditions.filter((one) => !same(one, removed));

/** "name is not": beside it stands the value. */
export function dnsWords({ field, value, exclude }: DnsCondition): string {
  if (field === 'answered') return (value === 'true') === exclude ? 'not answered' : 'answered';
  return exclude ? `${field} is not` : field;
}
