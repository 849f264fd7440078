// What the palette finds: every word of the text must occur, names that start with it come first.
import type { HostStatusName } from '@foretop/proto/api';

export interface Entry {
  id: string;
  group: string;
  label: string;
  detail?: string | undefined;
  status?: HostStatusName;
  /** Lower case. */
  search: string;
  run(): unknown;
}

const byName = new Intl.Collator('en', { numeric: true });
const groupOrder = ['Hosts', 'Processes', 'Pages', 'Do'];

/** At most `limit` entries, by group. */
export function findEntries(entries: readonly Entry[], text: string, limit = 30): Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (entry: Entry) => (entry.label.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1);
  return entries
    .filter((entry) => words.every((word) => entry.search.includes(word)))
    .sort(
      (a, b) =>
        groupOrder.indexOf(a.group) - groupOrder.indexOf(b.group) ||
        rank(a) - rank(b) ||
        byName.compare(a.label, b.label),
    )
    .filter(perGroup(words.length === 0 ? 6 : limit));
}

/** Without a text the list shows a few of each kind and all pages: on a phone it is the way to most of them. */
function perGroup(most: number): (entry: Entry) => boolean {
  const seen = new Map<string, number>();
  return (entry) => {
    const count = (seen.get(entry.group) ?? 0) + 1;
    seen.set(entry.group, count);
    return count <= most || entry.group === 'Pages';
  };
}
