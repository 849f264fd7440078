// Labels of hosts: as typed, and which are in use.
import type { Host } from '@foretop/proto/api';

/** Words with spaces or commas between them, each once. */
export const labelsIn = (text: string): string[] => [
  ...new Set(
    text
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean),
  ),
];

export function labelsInUse(hosts: Iterable<Pick<Host, 'labels'>>): string[] {
  const labels = new Set<string>();
  for (const host of hosts) for (const label of host.labels) labels.add(label);
  return [...labels].sort();
}

/** Whom an account or a token is bound to, in words. */
export const boundTo = (labels: readonly string[] | null): string => labels?.join(', ') ?? 'all hosts';
