// The agent as files of JavaScript, its own code and the packages that it uses: one of all, one of what holds the connection.
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

/**
 * ws speeds itself up with the first two where they are installed; they are native code, and only large messages would gain. The
 * last reads systems that have no reader of their own, and releases are for Linux: left in, it is a third of what V8 keeps and parses.
 */
const optional = ['bufferutil', 'utf-8-validate', 'systeminformation'];
const withoutOptional = {
  name: 'without-optional',
  resolveId: (id) => (optional.includes(id) ? { id: `\0absent:${id}` } : undefined),
  load: (id) => (id.startsWith('\0absent:') ? 'throw new Error("not part of the release");' : undefined),
};

/** Name of the asset → what is bundled; start.mjs loads them. */
const inputs = { 'agent.cjs': 'main.ts', 'worker.cjs': 'broker/hold-connection.ts' };

/** Writes the bundles into the folder. @returns name → path of them, and the names of the packages in them, sorted. */
export async function bundleAgent(folder) {
  const faults = [];
  const files = Object.fromEntries(Object.keys(inputs).map((name) => [name, join(folder, name)]));
  const packages = [];
  for (const name of Object.keys(inputs)) packages.push(...(await bundle(inputs[name], files[name], faults)));
  return { files, packages: [...new Set(packages)].sort(), faults };
}

/** @returns the names of the packages in it. */
async function bundle(input, file, faults) {
  const build = await rolldown({
    cwd: root, // the bundle names its modules from here, wherever the command was given
    input: join(root, 'agent', 'src', input),
    platform: 'node',
    plugins: [koffiFromAsset, withoutOptional],
    onLog: (level, log) => {
      if (level === 'warn') faults.push(log.message);
    },
  });
  const { output } = await build.write({
    ...{ file, format: 'cjs', codeSplitting: false, comments: { legal: false } },
    // V8 keeps the text while the agent runs, at one byte a character if all are ASCII, and the name of each variable. Those of
    // functions and classes stay, for the sake of stack traces.
    minify: {
      compress: false,
      mangle: { toplevel: true, keepNames: true },
      codegen: { removeWhitespace: true, asciiOnly: true },
    },
  });
  await build.close();
  const external = output[0].imports.filter((name) => !name.startsWith('node:') && !isBuiltin(name));
  if (external.length > 0) throw new StepError(`The bundle would need packages at run time: ${external.join(', ')}.`);
  const modules = Object.keys(output[0].modules).map((id) => relative(root, id));
  const names = modules.map((path) => /(?:^|.*\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return names.filter(Boolean);
}

/** Packages from before the prefix write `fs` rather than `node:fs`. */
const isBuiltin = (name) => process.getBuiltinModule(name) !== undefined;
