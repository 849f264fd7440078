// Goes to a time: the address holds it, so a link or Back leads there again.
import { parameter, setParameters } from '../ui/address-bar.ts';
import { viewParameters, type View } from './view.ts';

/** What was selected is left: rows of the present and of the record are named differently. */
export function showView(view: View): void {
  setParameters({ ...viewParameters(view), selected: null });
}

/** A path with the time that is shown now, so that going to another page does not leave it; and with other parameters. */
export function withTime(path: string, more: Readonly<Record<string, string>> = {}): string {
  const kept = new URLSearchParams();
  for (const name of ['at', 'from', 'to', 'range']) {
    const value = parameter(name);
    if (value) kept.set(name, value);
  }
  for (const [name, value] of Object.entries(more)) kept.set(name, value);
  return kept.size > 0 ? `${path}?${kept.toString()}` : path;
}
