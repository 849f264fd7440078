// What one may filter findings by, as the form offers it.
import type { Detector, List } from '@foretop/proto/api';
import { request } from '../api/client.ts';
import type { FilterForm } from '../filter/filter-form.ts';
import { live } from '../live/live.svelte.ts';
import { validFinding, type FindingField } from './finding-filter.ts';
import { severities, severityWords } from './severity.ts';

export async function findingForm(): Promise<FilterForm<FindingField>> {
  const { items } = await request<List<Detector>>('/detectors');
  const hosts = Array.from(live.fleet.hosts.values(), ({ name }) => name).sort();
  return {
    fields: [
      { name: 'detector', word: 'type', choices: items.map(({ id, title }) => [id, title] as const) },
      { name: 'severity', choices: severities.map((name) => [name, severityWords[name].toLowerCase()] as const) },
      { name: 'host', hint: 'name or number', offered: hosts.slice(0, 500) },
    ],
    valid: validFinding,
  };
}
