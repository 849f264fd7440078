// The page's address as it is, or as a change that is still under way will make it: what is chosen counts at once.
import { page } from '$app/state';

let ahead = $state.raw<URL | undefined>();
/** On the way to another page the parameters of this one are left as they are. */
const url = $derived(ahead?.pathname === page.url.pathname ? ahead : page.url);
// A text between: that the page has arrived where the change led to is no change of the parameters.
const search = $derived(url.search);
const current = $derived(new URLSearchParams(search));

export const href = (): string => url.href;

export const parameters = (): URLSearchParams => current;

/** @returns what is to be called on arrival. */
export function leaveFor(to: URL): () => void {
  ahead = to;
  return () => {
    if (ahead === to) ahead = undefined;
  };
}
