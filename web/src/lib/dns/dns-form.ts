// What one may filter DNS questions by, as the form offers it.
import type { FilterForm, FormField } from '../filter/filter-form.ts';
import { dnsFields, validDns, type DnsField } from './dns-filter.ts';

const parts: Record<DnsField, Omit<FormField, 'name'>> = {
  host: { hint: 'name or number' },
  process: { hint: 'name, nam* or PID' },
  name: { hint: 'part, or *.example.com' },
  type: { hint: 'AAAA' },
  rcode: { hint: 'NXDOMAIN' },
  resolver: { hint: '10.0.0.53' },
  address: { hint: '10.0.0.0/8' },
  answered: {
    choices: [
      ['true', 'answered'],
      ['false', 'without an answer'],
    ],
  },
};

export function dnsForm(fleet: boolean): FilterForm<DnsField> {
  // The name first: it is asked for most.
  const order: readonly DnsField[] = ['name', ...dnsFields.filter((name) => name !== 'name')];
  return {
    fields: order.filter((name) => fleet || name !== 'host').map((name) => ({ name, ...parts[name] })),
    valid: validDns,
  };
}
