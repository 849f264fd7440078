// Files that come with the program: beside the source in development, inside the executable in a release, and in the folder of a
// release's bundle that plain Node runs.
import { readFileSync } from 'node:fs';
import { getAsset, isSea } from 'node:sea';

/** Where each asset stands beside the source; undefined: only a release has it. */
const files = {
  'foretop.bpf.o': '../../bpf/foretop.bpf.o',
  'koffi.node': undefined,
  'release-key.pem': undefined,
} as const satisfies Record<string, string | undefined>;

export type AssetName = keyof typeof files;

/** Whether this process runs a release's single executable rather than the source. */
export const isRelease = isSea();

const isBundle = !import.meta.filename.endsWith('.ts');

/** A copy that the caller may change. Throws when there is none. */
export function readAsset(name: AssetName): Uint8Array {
  if (isRelease) return new Uint8Array(getAsset(name));
  const file = isBundle ? `./${name}` : files[name];
  if (file === undefined) throw new Error(`Reading the asset '${name}' failed: only a release has it.`);
  return readFileSync(new URL(file, import.meta.url));
}
