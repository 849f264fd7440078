// The dashboard's build: static files with a fallback page, precompressed, for the collector to serve. Kit is configured here.
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';
import { noServerData } from './no-server-data.ts';
import { partLoader } from './part-loader.ts';
import { staticIcons } from './static-icons.ts';

// Left alone the bundler makes a file of a few hundred bytes for each set of pages that share an icon or a helper, and each such
// file costs some 150 bytes of imports beside what it holds. What most pages need is one file; what few need is parted by who
// needs it, pieces under the threshold (bytes) going to a neighbour. lab/e2e/first-view.e2e.ts says whether it paid.
const frame = [
  String.raw`src/routes/(\+layout|TimeTrack)\.svelte`,
  'src/lib/ui/(Popover|SearchBox|Quantity|Split|load-later|Failure|connection-states|lamps)',
  'src/lib/(live/status|format/|time/(clock|ranges|series|recorded)|net/address|filter/(condition|FilterChips))',
  'src/lib/(chart/(canvas|tokens|scale)|table/(ordered|radix|sort|columns))',
].join('|');
const host = [
  'src/lib/(chart/BandwidthChart|live/watched-host)',
  String.raw`src/routes/hosts/\[id\]/(BandwidthTitle|HostHead)`,
].join('|');
const groups = [
  // Kit's entry sets what its runtime reads as it is evaluated: it must not need the file that the runtime is in.
  { name: 'payload', test: /kit\/src\/runtime\/client\/payload\.js/, priority: 9 },
  { name: 'preload', test: /vite\/preload-helper|src\/lib\/ui\/load-part/, priority: 9 },
  { name: 'frame', test: new RegExp(frame), priority: 8 },
  {
    name: 'rows',
    test: /src\/lib\/(connections\/connection-(store|filter|columns)\.ts|(table\/LiveTable|ui\/StateMark)\.svelte)/,
    priority: 7,
  },
  // One file for the counts of the rail and of Fleet's tiles: each file that is loaded later costs its name in those that come first.
  { name: 'counts', test: /src\/lib\/findings\/(RailCount|HostFindings|Severity|severity|open-findings)/, priority: 7 },
  { name: 'export', test: /src\/lib\/export\/ExportMenu|icons\/(download|layout-grid|rows-3)\./, priority: 7 },
  { name: 'words', test: /src\/lib\/time\/unknown-words/, priority: 7 },
  { name: 'host', test: new RegExp(host), priority: 6 },
  { name: 'tip', test: /src\/lib\/chart\/CrossTip/, priority: 6 },
  {
    name: 'parts',
    test: /src\/lib\/(ui|format|time|chart|coverage|filter|export)\/|lucide/,
    priority: 3,
    mergeBelow: 1500,
  },
  { name: 'connections', test: /src\/lib\/connections\/ConnectionTable\.svelte$/, priority: 1, mergeBelow: 3000 },
].map(({ mergeBelow, ...group }) =>
  mergeBelow === undefined ? group : { ...group, entriesAware: true, entriesAwareMergeThreshold: mergeBelow },
);

export default defineConfig(({ command }) => {
  // A build started by a test inherits NODE_ENV=test, by which Svelte would put its development checks into it.
  if (command === 'build') process.env.NODE_ENV = 'production';
  return {
    plugins: [
      noServerData(),
      partLoader(),
      staticIcons(),
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
  };
});
