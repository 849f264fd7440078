// The filter of a DNS list: conditions that stand in the address as `name=*.example.com&rcode=!NOERROR`, as the collector takes them.
import { conditionParameters, listItem, parseConditions, withCondition, type Condition } from '../filter/condition.ts';

export const dnsFields = ['host', 'process', 'name', 'type', 'rcode', 'resolver', 'address', 'answered'] as const;
export type DnsField = (typeof dnsFields)[number];
export type DnsCondition = Condition<DnsField>;

/** What else is not valid the collector says. */
export const validDns = (field: DnsField, value: string): boolean =>
  field === 'answered' ? value === 'true' || value === 'false' : value !== '';

export const parseDnsFilter = (parameters: Pick<URLSearchParams, 'getAll'>): DnsCondition[] =>
  parseConditions(parameters, dnsFields, validDns);

export const dnsFilterParameters = (conditions: readonly DnsCondition[]): Record<DnsField, string[]> =>
  conditionParameters(conditions, dnsFields);

/** The same for the collector. A host's own page has no host to filter by. */
export function dnsServerParameters(conditions: readonly DnsCondition[], ofHost: boolean): Record<string, string> {
  const asked = conditions.filter(({ field }) => !(ofHost && field === 'host'));
  return Object.fromEntries(
    [...Map.groupBy(asked, ({ field }) => field)].map(([field, some]) => [field, some.map(listItem).join(',')]),
  );
}

/** `answered` has one value of two: "is not answered" is answered=false, and the other one gives way. */
export function withDnsCondition(conditions: readonly DnsCondition[], added: DnsCondition): DnsCondition[] {
  if (added.field !== 'answered') return withCondition(conditions, added);
  const value = String((added.value === 'true') !== added.exclude);
  return [...conditions.filter(({ field }) => field !== 'answered'), { field: 'answered', value, exclude: false }];
}

/** "name is not": beside it stands the value. */
export function dnsWords({ field, value, exclude }: DnsCondition): string {
  if (field === 'answered') return value === 'true' ? 'answered' : 'not answered';
  return exclude ? `${field} is not` : field;
}

export const dnsShownValue = ({ field, value }: DnsCondition): string => (field === 'answered' ? '' : value);
