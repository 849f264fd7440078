// Kit's client brings devalue along for what a server of Kit's would send and for the state of a page in the history. This dashboard
// has no such server, and its pages keep no state there but plain values: JSON does, and no page loads 3.5 kB for nothing.
import type { Plugin } from 'vite';

const id = '\0no-server-data';
const code = `export const parse = (text) => JSON.parse(text);
export const stringify = (value) => JSON.stringify(value);
export function unflatten() { throw new Error('Kit has no server here'); }`;

export const noServerData = (): Plugin => ({
  name: 'no-server-data',
  enforce: 'pre',
  applyToEnvironment: ({ name }) => name === 'client',
  resolveId: { filter: { id: /^devalue$/ }, handler: () => id },
  load: { filter: { id: /no-server-data$/ }, handler: () => code },
});
