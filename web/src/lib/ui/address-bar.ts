// State that belongs into the address: filters, sort, selection. Back undoes a filter; typing and selecting leave no trail.
import { goto } from '$app/navigation';
import { page } from '$app/state';

/** Sets parameters of the current address; null removes one, a list gives one several values. */
export function setParameters(changes: Record<string, string | string[] | null>, keepTrail = true): void {
  const url = new URL(page.url.href);
  for (const [name, value] of Object.entries(changes)) {
    url.searchParams.delete(name);
    for (const one of Array.isArray(value) ? value : [value ?? '']) if (one !== '') url.searchParams.append(name, one);
  }
  if (url.href === page.url.href) return;
  void goto(url, { replace: !keepTrail, reset: false });
}

export const parameter = (name: string): string => page.url.searchParams.get(name) ?? '';
