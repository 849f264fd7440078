// The dashboard's build: static files with a fallback page, precompressed, for the collector to serve. Kit is configured here.
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

// Left alone the bundler makes a file of a few hundred bytes for each set of pages that share an icon or a helper. What every
// page needs is one file; what several need is parted by who needs it, pieces under the threshold (bytes) going to a neighbour.
const groups = [
  // Kit's entry sets what its runtime reads as it is evaluated: it must not need the file that the runtime is in.
  { name: 'payload', test: /kit\/src\/runtime\/client\/payload\.js/, priority: 5 },
  { name: 'preload', test: /vite\/preload-helper/, priority: 5 },
  { name: 'frame', test: /src\/routes\/\+layout\.svelte/, priority: 4 },
  { name: 'parts', test: /src\/lib\/(ui|format|time|net|chart|coverage)\/|lucide/, priority: 3, mergeBelow: 1500 },
  { name: 'table', test: /src\/lib\/table\/LiveTable\.svelte$/, priority: 2, mergeBelow: 3000 },
  { name: 'connections', test: /src\/lib\/connections\/ConnectionTable\.svelte$/, priority: 1, mergeBelow: 3000 },
].map(({ mergeBelow, ...group }) =>
  mergeBelow === undefined ? group : { ...group, entriesAware: true, entriesAwareMergeThreshold: mergeBelow },
);

export default defineConfig({
  plugins: [
    tailwindcss(),
    sveltekit({
      adapter: adapter({ pages: 'build', fallback: 'app.html', precompress: true }),
      compilerOptions: { runes: true },
      version: { pollInterval: 0 },
    }),
  ],
  environments: { client: { build: { rolldownOptions: { output: { codeSplitting: { groups } } } } } },
  // Fonts and icons stay files of their own: the content security policy allows no data: fonts.
  build: { assetsInlineLimit: 0 },
});
