// `npm run release`: builds the agent's executables, packages, bill of materials, checksums and signature into deploy/release/dist.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { root, sourceDateEpoch } from '../local/environment.mjs';
import { note, printFailure, step, StepError } from '../local/steps.mjs';
import { compress, tarGz } from './archives.mjs';
import { bundleAgent } from './bundle.mjs';
import { debianName, debianPackage } from './debian-package.mjs';
import { buildExecutable } from './executable.mjs';
import { fileOfPackage, packagesOf } from './packages.mjs';
import { billOfMaterials } from './sbom.mjs';
import * as signing from './signing.mjs';
import { refuseOlder } from './version.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const usage = `node deploy/release/build.mjs [--arch x64,arm64] [--key FILE] [--out FOLDER]
  --arch  the architectures, by default x64,arm64
  --key   Ed25519 key in PEM that signs; by default one for development, made in deploy/release/build
  --out   where the release goes, by default deploy/release/dist`;
const options = {
  arch: { type: 'string', default: 'x64,arm64' },
  key: { type: 'string' },
  out: { type: 'string', default: join(here, 'dist') },
  help: { type: 'boolean', default: false },
};

try {
  const { values } = parseArgs({ options });
  if (values.help) console.log(usage);
  else await build(values);
} catch (error) {
  const isUsage = error.code?.startsWith('ERR_PARSE_ARGS') ?? false;
  if (isUsage) console.error(`${error.message}\n${usage}`);
  else printFailure(error);
  process.exitCode = isUsage ? 2 : 1;
}

async function build({ arch, key: keyFile, out }) {
  const archs = arch.split(',');
  const unknown = archs.filter((name) => name !== 'x64' && name !== 'arm64');
  if (unknown.length > 0)
    throw new StepError(`There is no release for '${unknown.join(', ')}', only for x64 and arm64.`);
  const { version } = JSON.parse(readFileSync(join(root, 'agent', 'package.json'), 'utf8'));
  refuseOlder(version, out);
  const folder = join(here, 'build');
  const cache = join(folder, 'cache');
  mkdirSync(cache, { recursive: true });
  const key = keyFile ? signing.readReleaseKey(keyFile) : signing.developmentKey(join(folder, 'development-key.pem'));
  const context = { version, folder, cache, key, seconds: buildSeconds() };
  context.bundled = await step('Bundling', 'Bundled', () => bundleAgent(folder));
  for (const fault of context.bundled.faults) note(fault);
  const files = {};
  const missing = [];
  for (const name of archs) {
    try {
      Object.assign(files, await buildFor(name, context));
    } catch (error) {
      if (!(error instanceof StepError) || archs.length === 1) throw error;
      missing.push(name);
      printFailure(error);
    }
  }
  if (missing.length === archs.length) throw new StepError('No architecture could be built.');
  publish(files, context, out);
  note(`${out} holds version ${version}; signed by the key ${signing.fingerprint(key)}`);
  if (!keyFile) note('This key is for development: agents built with another do not take this release.');
  if (missing.length > 0) throw new StepError(`The release lacks ${missing.join(', ')}; the reason stands above.`);
}

/** @returns name → bytes of the files for one architecture. */
async function buildFor(arch, { version, folder, cache, key, seconds, bundled }) {
  const from = packagesOf(arch);
  const [node, koffi] = await step(`Fetching Node and koffi for ${arch}`, `Node and koffi for ${arch}`, () =>
    Promise.all([
      fileOfPackage(from.node, 'bin/node', cache),
      fileOfPackage(from.koffi, `linux_${arch}/koffi.node`, cache),
    ]),
  );
  const assets = { ...bundled.files, ...assetFiles(arch, koffi, key, folder) };
  const output = join(folder, `foretop-agent-linux-${arch}`);
  await step(`Building the executable for ${arch}`, `Executable for ${arch}`, () =>
    buildExecutable({ node, assets, output, folder, arch }),
  );
  return step(`Packing for ${arch}`, `Packages for ${arch}`, async () => {
    const executable = readFileSync(output);
    const licence = readFileSync(join(root, 'LICENSE'));
    const extra = [from.node, from.koffi];
    const top = `foretop-agent-${version}-linux-${arch}`;
    const content = [
      { name: `${top}/`, mode: 0o755 },
      { name: `${top}/foretop-agent`, content: executable, mode: 0o755 },
      { name: `${top}/LICENSE`, content: licence, mode: 0o644 },
      { name: `${top}/README.md`, content: readFileSync(join(here, 'tarball-readme.md')), mode: 0o644 },
    ];
    const packages = bundled.packages;
    const [plain, tarball, debian, bill] = await Promise.all([
      compress(executable),
      tarGz(content, seconds),
      debianPackage({ version, arch, executable, koffi, licence, seconds }),
      billOfMaterials({ version, packages, extra, seconds }),
    ]);
    return {
      [`foretop-agent-linux-${arch}.gz`]: plain,
      [`${top}.tar.gz`]: tarball,
      [debianName(version, arch)]: debian,
      [`${top}.cdx.json`]: Buffer.from(bill),
    };
  });
}

function assetFiles(arch, koffi, key, folder) {
  const write = (name, content) => {
    const file = join(folder, `${arch}-${name}`);
    writeFileSync(file, content);
    return file;
  };
  const assets = {
    'koffi.node': write('koffi.node', koffi),
    'release-key.pem': write('release-key.pem', signing.publicPem(key)),
  };
  const programs = join(root, 'agent', 'bpf', 'foretop.bpf.o');
  if (existsSync(programs)) assets['foretop.bpf.o'] = programs;
  else note('agent/bpf/foretop.bpf.o is missing: this release reads no eBPF.');
  // For `node agent.cjs`, which the benchmarks compare with.
  if (arch === process.arch) for (const name of Object.keys(assets)) cpSync(assets[name], join(folder, name));
  return assets;
}

/** The collector that serves it fills in its own address. */
function installScript(key) {
  const script = readFileSync(join(root, 'deploy', 'install', 'install.sh'), 'utf8');
  return script
    .replace('@RELEASE_KEY@', () => signing.publicPem(key).trim())
    .replace('@FINGERPRINT@', () => signing.fingerprint(key));
}

/** The folder appears whole, or stays as it was. */
function publish(files, { version, key }, out) {
  const draft = `${out}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const signed = { ...files, VERSION: `${version}\n`, 'install.sh': installScript(key) };
  const sums = signing.sumsOf(signed);
  const all = {
    ...signed,
    [signing.sumsName]: sums,
    [signing.signatureName]: signing.signSums(sums, key),
    [signing.publicKeyName]: signing.publicPem(key),
  };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(draft, name), content);
  rmSync(out, { recursive: true, force: true });
  renameSync(draft, out);
}

/** The time that all files bear: SOURCE_DATE_EPOCH, else that of the last commit, else 1980. */
function buildSeconds() {
  if (sourceDateEpoch !== undefined) return Number(sourceDateEpoch);
  try {
    return Number(
      execFileSync('git', ['log', '-1', '--format=%ct'], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  } catch {
    return 315_532_800;
  }
}
