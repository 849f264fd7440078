// State that belongs into the address: filters, sort, selection. Back undoes a filter; typing and selecting leave no trail.
import { goto } from '$app/navigation';
import { page } from '$app/state';

/** Where a change is still under way to: the next one builds on it. */
let ahead: URL | undefined;

/** Sets parameters of the current address; null removes one, a list gives one several values. */
export function setParameters(changes: Record<string, string | string[] | null>, keepTrail = true): void {
  const from = ahead ?? page.url;
  const url = new URL(from.href);
  for (const [name, value] of Object.entries(changes)) {
    url.searchParams.delete(name);
    for (const one of Array.isArray(value) ? value : [value ?? '']) if (one !== '') url.searchParams.append(name, one);
  }
  if (url.href === from.href) return;
  ahead = url;
  void goto(url, { replace: !keepTrail, reset: false }).finally(() => {
    if (ahead === url) ahead = undefined;
  });
}

export const parameter = (name: string): string => page.url.searchParams.get(name) ?? '';
