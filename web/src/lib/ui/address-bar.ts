// State that belongs into the address: filters, sort, selection. Back undoes a filter; typing and selecting leave no trail.
import { goto } from '$app/navigation';
import { href, leaveFor, parameters } from './address.svelte.ts';

/** With what was set just now, before the browser is there. */
export { parameters };

export const parameter = (name: string): string => parameters().get(name) ?? '';

/** Sets parameters of the current address; null removes one, a list gives one several values. */
export function setParameters(changes: Record<string, string | string[] | null>, keepTrail = true): void {
  const url = new URL(href());
  for (const [name, value] of Object.entries(changes)) {
    url.searchParams.delete(name);
    for (const one of Array.isArray(value) ? value : [value ?? '']) if (one !== '') url.searchParams.append(name, one);
  }
  goWithin(url, keepTrail);
}

/** To another address of the same page, with nothing of the parameters before. */
export function goWithin(url: URL, keepTrail = true): void {
  if (url.href === href()) return;
  const arrived = leaveFor(url);
  void goto(url, { replace: !keepTrail, reset: false }).finally(arrived);
}
