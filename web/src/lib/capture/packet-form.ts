// What one may filter packets by, as the form offers it.
import type { FilterForm, FormField } from '../filter/filter-form.ts';
import { packetFields, validPacket, type PacketField } from './packet-filter.ts';

const hints: Record<PacketField, Omit<FormField, 'name'>> = {
  source: { hint: '192.0.2.7' },
  destination: { hint: '192.0.2.7' },
  address: { hint: 'source or destination' },
  port: { hint: '443' },
  protocol: { hint: 'DNS' },
  interface: { hint: 'eth0' },
  host: { hint: 'name' },
};

export function packetForm(manyHosts: boolean): FilterForm<PacketField> {
  return {
    fields: packetFields.filter((name) => manyHosts || name !== 'host').map((name) => ({ name, ...hints[name] })),
    valid: validPacket,
  };
}
