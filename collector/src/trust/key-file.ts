// Private Ed25519 keys in files that only their owner may read: a JWK that says what it is for, sealed by a passphrase if wanted.
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type PublicJwk, thumbprint } from '@foretop/proto/trust';
import { type Sealed, sealText, unsealText } from './passphrase.ts';
import { TrustError } from './trust-error.ts';

export type KeyPurpose = 'owner' | 'recovery' | 'approve';

export interface KeyPair {
  jwk: PublicJwk;
  thumbprint: string;
  privateKey: KeyObject;
}

/** As it stands in the file. `d` is the private half; or sealed holds it. */
interface KeyFile {
  foretop: `${KeyPurpose} key`;
  kty: 'OKP';
  crv: 'Ed25519';
  x: string;
  d?: string;
  sealed?: Sealed;
}

export function newKeyPair(): Promise<KeyPair> {
  return pairOf(generateKeyPairSync('ed25519').privateKey);
}

/** Never replaces a file, and leaves no half of one. False: there is one. */
export async function createKeyFile(
  path: string,
  purpose: KeyPurpose,
  { jwk, privateKey }: KeyPair,
  passphrase?: string,
): Promise<boolean> {
  const { d } = privateKey.export({ format: 'jwk' });
  const secret = passphrase === undefined ? { d: d! } : { sealed: await sealText(d!, passphrase) };
  const content: KeyFile = { foretop: `${purpose} key`, ...jwk, ...secret };
  const draft = `${path}.${randomBytes(6).toString('hex')}.draft`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(content)}\n`);
    await giveToFolderOwner(file, path);
    await file.sync();
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
}

/** root runs commands beside a collector that runs as somebody else, who must be able to read its key. */
async function giveToFolderOwner(file: FileHandle, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(dirname(path));
  await file.chown(uid, gid);
}

/**
 * undefined: there is no such file. `passphrase` is asked only for a sealed one. Throws TrustError when it is not private, no
 * key, or one for something else.
 */
export async function readKeyFile(
  path: string,
  purpose: KeyPurpose,
  passphrase?: () => Promise<string>,
): Promise<KeyPair | undefined> {
  const content = await readContent(path);
  if (content === undefined) return undefined;
  if (content.foretop !== `${purpose} key`)
    throw new TrustError('key-file', `'${path}' does not hold a key of the kind "${purpose} key".`);
  const d = content.sealed === undefined ? content.d : await unseal(path, content.sealed, passphrase);
  const pair = await importPair(path, { ...content, d });
  if (pair.jwk.x !== content.x) throw damaged(path);
  return pair;
}

async function readContent(path: string): Promise<Partial<KeyFile> | undefined> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new TrustError(
        'key-file',
        `'${path}' has mode ${(mode & 0o777).toString(8)}, so other users may have read the key; 600 is required. If nobody did: chmod 600 '${path}'`,
      );
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error instanceof TrustError
      ? error
      : new TrustError('key-file', `'${path}' cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content === 'object' && content !== null) return content;
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path);
}

async function unseal(path: string, sealed: Sealed, passphrase: (() => Promise<string>) | undefined): Promise<string> {
  if (passphrase === undefined)
    throw new TrustError('passphrase', `'${path}' is sealed by a passphrase, and none was given.`);
  const d = await unsealText(sealed, await passphrase());
  if (d === undefined) throw new TrustError('passphrase', `The passphrase does not open '${path}'.`);
  return d;
}

async function importPair(path: string, { x, d }: { x?: string; d?: string | undefined }): Promise<KeyPair> {
  if (typeof x !== 'string' || typeof d !== 'string') throw damaged(path);
  try {
    return await pairOf(createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x, d }, format: 'jwk' }));
  } catch (cause) {
    throw damaged(path, cause);
  }
}

async function pairOf(privateKey: KeyObject): Promise<KeyPair> {
  const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: privateKey.export({ format: 'jwk' }).x! };
  return { jwk, thumbprint: await thumbprint(jwk), privateKey };
}

const damaged = (path: string, cause?: unknown) =>
  new TrustError('key-file', `'${path}' does not hold a private Ed25519 key.`, { cause });
