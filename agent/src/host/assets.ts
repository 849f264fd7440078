// Files that come with the program: beside the source in development, inside the executable in a release.
import { readFileSync } from 'node:fs';

/** Where each asset stands beside the source. */
const files = { 'foretop.bpf.o': '../../bpf/foretop.bpf.o' } as const;

export type AssetName = keyof typeof files;

/** Throws when the file is missing. */
export function readAsset(name: AssetName): Uint8Array {
  return readFileSync(new URL(files[name], import.meta.url));
}
