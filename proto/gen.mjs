// Generates src/gen/{agent,live}.{js,d.ts} from foretop/v1/*.proto with protobufjs' static-module target.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pbjs from 'protobufjs-cli/pbjs.js';
import pbts from 'protobufjs-cli/pbts.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = `${here}src/gen/`;
mkdirSync(out, { recursive: true });

// Two roots: agent and collector speak `agent`, browsers only `live`, so that their bundle stays small.
const roots = {
  agent: ['foretop/v1/agent.proto', 'foretop/v1/record.proto'],
  live: ['foretop/v1/live.proto'],
};
const unused = ['--no-create', '--no-verify', '--no-delimited', '--no-convert', '--no-typeurl', '--no-service'];

for (const [root, files] of Object.entries(roots)) {
  const js = `${out}${root}.js`;
  const options = ['-t', 'static-module', '-w', 'es6', '-r', root, '-p', here, '--force-number', ...unused];
  await promisify(pbjs.main)([...options, '-o', js, ...files]);
  await promisify(pbts.main)(['-o', `${out}${root}.d.ts`, js]);
}
