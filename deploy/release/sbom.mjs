// The software bill of materials (CycloneDX): what npm knows of the packages that are in the bundle, Node, and koffi's native module.
import { npmCommand } from '../local/environment.mjs';
import { runProgram } from '../local/program.mjs';
import { StepError } from '../local/steps.mjs';

/** `extra`: packages that are in the executable without being installed here, { name, version, integrity }. */
export async function billOfMaterials({ version, packages, extra, seconds }) {
  const { command, args, ...options } = npmCommand();
  const all = [
    ...args,
    'sbom',
    '--package-lock-only',
    '--workspace',
    'agent',
    '--sbom-format',
    'cyclonedx',
    '--silent',
  ];
  const text = await runProgram('npm', command, all, { ...options, failure: 'npm could not list the packages' });
  const { components } = JSON.parse(text);
  const bundled = components.filter(({ name }) => packages.includes(name));
  const unknown = packages.filter((name) => !bundled.some((part) => part.name === name));
  if (unknown.length > 0) throw new StepError(`npm does not know these packages of the bundle: ${unknown.join(', ')}.`);
  const known = [...bundled, ...extra.map(component)].map(({ properties: _where, ...rest }) => rest);
  const sorted = known.sort((one, other) => (one['bom-ref'] < other['bom-ref'] ? -1 : 1));
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: new Date(seconds * 1_000).toISOString(),
      component: { 'bom-ref': `foretop-agent@${version}`, type: 'application', name: 'foretop-agent', version },
    },
    components: sorted,
    dependencies: [{ ref: `foretop-agent@${version}`, dependsOn: sorted.map((part) => part['bom-ref']) }],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function component({ name, version, integrity }) {
  const content = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex');
  return {
    'bom-ref': `${name}@${version}`,
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    hashes: [{ alg: 'SHA-512', content }],
  };
}
