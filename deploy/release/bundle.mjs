// The agent as one file of JavaScript: its own code and the packages that it uses.
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from '../local/environment.mjs';
import { StepError } from '../local/steps.mjs';

const loader = join(root, 'agent', 'src', 'host', 'native-module.ts');

/** koffi looks for its native half among installed packages; a release has it as an asset. */
const koffiFromAsset = {
  name: 'koffi-from-asset',
  transform(code, id) {
    if (!id.endsWith('/koffi/src/koffi/index.js')) return undefined;
    const search = 'loadStatic(pkg) ?? loadDynamic(import.meta.dirname, pkg, triplets)';
    if (code.split(search).length !== 2) {
      throw new StepError('koffi searches its native half in another way than before; see deploy/release/bundle.mjs.');
    }
    const loaded = code.replace(search, 'loadNativeModule()');
    return `import { loadNativeModule } from ${JSON.stringify(loader)};\n${loaded}`;
  },
};

/** ws speeds itself up with these where they are installed; they are native code, and only large messages would gain. */
const optional = ['bufferutil', 'utf-8-validate'];
const withoutOptional = {
  name: 'without-optional',
  resolveId: (id) => (optional.includes(id) ? { id: `\0absent:${id}` } : undefined),
  load: (id) => (id.startsWith('\0absent:') ? 'throw new Error("not part of the release");' : undefined),
};

/** Writes the bundle. @returns the names of the packages in it, sorted. */
export async function bundleAgent(file) {
  const faults = [];
  const build = await rolldown({
    cwd: root, // the bundle names its modules from here, wherever the command was given
    input: join(root, 'agent', 'src', 'main.ts'),
    platform: 'node',
    plugins: [koffiFromAsset, withoutOptional],
    onLog: (level, log) => {
      if (level === 'warn') faults.push(log.message);
    },
  });
  const { output } = await build.write({ file, format: 'esm', codeSplitting: false, comments: { legal: false } });
  await build.close();
  const external = output[0].imports.filter((name) => !name.startsWith('node:') && !isBuiltin(name));
  if (external.length > 0) throw new StepError(`The bundle would need packages at run time: ${external.join(', ')}.`);
  const modules = Object.keys(output[0].modules).map((id) => relative(root, id));
  const names = modules.map((path) => /(?:^|.*\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return { packages: [...new Set(names.filter(Boolean))].sort(), faults };
}

/** Packages from before the prefix write `fs` rather than `node:fs`. */
const isBuiltin = (name) => process.getBuiltinModule(name) !== undefined;
