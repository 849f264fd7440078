// The dashboard's build: static files with a fallback page, precompressed, for the collector to serve. Kit is configured here.
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type Plugin } from 'vite';

/**
 * A browser sends ViewerFrame and nothing else, reads everything else, and calls no remote procedures: the other generated
 * encoders, and protobufjs' rpc service, stay out of its bundle.
 */
const readerOnly: Plugin = {
  name: 'reader-only',
  transform: {
    filter: { id: /proto\/src\/gen\/live\.js$|protobufjs\/src\/rpc\/service\.js$/ },
    handler(code, id) {
      if (id.endsWith('service.js')) return 'module.exports = {};';
      return code.replace(/^( *)(\w+)\.(en|de)code = function \([^]*?^\1\};\n/gm, (whole, _indent, message, way) =>
        (message === 'ViewerFrame') === (way === 'en') ? whole : '',
      );
    },
  },
};

export default defineConfig({
  plugins: [
    readerOnly,
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
