// Each `import()` goes through a helper that Vite writes: it starts the part's files together, and gives up at the first that does
// not come, for good in browsers that remember it. The dashboard's own takes its place and tries again.
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const own = fileURLToPath(new URL('src/lib/ui/load-part.ts', import.meta.url));

export const partLoader = (): Plugin => ({
  name: 'part-loader',
  enforce: 'pre',
  load: {
    filter: { id: /vite\/preload-helper/ },
    handler: () => `export { loadPart as __vitePreload } from ${JSON.stringify(own)};`,
  },
});
