// What one may filter connections by, as the form offers it.
import type { FilterForm, FormField } from '../filter/filter-form.ts';
import { live } from '../live/live.svelte.ts';
import { shapeWords, stateShapes } from '../ui/connection-states.ts';
import { filterFields, valid, type FilterField } from './connection-filter.ts';
import { directionNames } from './connection-row.ts';

const mostOffered = 200;

export function connectionForm(fleet: boolean, processes: readonly { process: string }[]): FilterForm<FilterField> {
  const parts: Record<FilterField, Omit<FormField, 'name'>> = {
    host: {
      hint: 'name or number',
      offered: [...live.fleet.hosts.values()].slice(0, mostOffered).map((host) => host.name),
    },
    process: { hint: 'name, nam* or PID', offered: processes.slice(0, mostOffered).map((entry) => entry.process) },
    state: { choices: stateShapes.map((shape) => [shape, shapeWords[shape]]) },
    address: { hint: '10.0.0.0/8' },
    port: { hint: '443 or 8000-8100' },
    protocol: { choices: ['tcp', 'udp'].map((name) => [name, name.toUpperCase()]) },
    direction: { choices: directionNames.map((name) => [name, name]) },
    unit: { hint: 'nginx.service' },
    container: { hint: 'id or runtime' },
    country: { hint: 'two letters, such as DE' },
    asn: { hint: 'number, such as 64500' },
  };
  // The process first: it is asked for most.
  const order: readonly FilterField[] = ['process', ...filterFields.filter((name) => name !== 'process')];
  return {
    fields: order.filter((name) => fleet || name !== 'host').map((name) => ({ name, ...parts[name] })),
    valid,
  };
}
