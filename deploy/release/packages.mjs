// What a release takes from the package registry: the Node of each architecture and koffi's native module, by pinned hashes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { npmCommand, root } from '../local/environment.mjs';
import { runProgram } from '../local/program.mjs';
import { StepError } from '../local/steps.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const pins = JSON.parse(readFileSync(new URL('./node-packages.json', import.meta.url), 'utf8'));

export const nodeVersion = manifest.devDependencies.node;

/** Name, version and SHA-512 of both packages of an architecture. */
export function packagesOf(arch) {
  const koffi = lock.packages[`node_modules/@koromix/koffi-linux-${arch}`];
  const node = { name: `node-linux-${arch}`, version: nodeVersion };
  return {
    node: { ...node, integrity: pins[`${node.name}@${node.version}`] },
    koffi: { name: `@koromix/koffi-linux-${arch}`, version: koffi?.version, integrity: koffi?.integrity },
  };
}

/** One file out of a package, which is fetched once and kept in `cache`. Throws StepError. */
export async function fileOfPackage(pack, path, cache) {
  const tarball = await fetchPackage(pack, cache);
  for await (const entry of Readable.from([gunzipSync(tarball)]).pipe(extract())) {
    if (entry.header.name.replace(/^[^/]+\//, '') === path) return Buffer.concat(await Array.fromAsync(entry));
    entry.resume();
  }
  throw new StepError(`The package ${pack.name}@${pack.version} has no file ${path}.`);
}

async function fetchPackage({ name, version, integrity }, cache) {
  if (integrity === undefined) {
    throw new StepError(
      `No hash of ${name}@${version} is known. Packages of Node are pinned in deploy/release/node-packages.json, those of koffi in package-lock.json.`,
    );
  }
  const file = join(cache, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  if (!existsSync(file)) await pack(`${name}@${version}`, file);
  const tarball = readFileSync(file);
  const found = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  if (found === integrity) return tarball;
  rmSync(file);
  throw new StepError(`The package ${name}@${version} has the hash ${found}; ${integrity} is required.`);
}

async function pack(spec, file) {
  const draft = `${file}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  const { command, args, ...options } = npmCommand();
  const failure = `npm could not fetch ${spec}`;
  const all = [...args, 'pack', spec, '--ignore-scripts', '--silent', '--pack-destination', draft];
  await runProgram('npm', command, all, { ...options, failure });
  renameSync(join(draft, basename(file)), file);
  rmSync(draft, { recursive: true });
}
