// The dashboard's build: static files with a fallback page, precompressed, for the collector to serve. Kit is configured here.
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [
    tailwindcss(),
    sveltekit({
      adapter: adapter({ pages: 'build', fallback: 'app.html', precompress: true }),
      compilerOptions: { runes: true },
      version: { pollInterval: 0 },
    }),
  ],
  // Fonts and icons stay files of their own: the content security policy allows no data: fonts.
  build: { assetsInlineLimit: 0 },
});
