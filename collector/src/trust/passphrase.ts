// Seals a short secret by a passphrase: scrypt (RFC 7914), then AES-256-GCM.
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';

/** Texts are base64url. */
export interface Sealed {
  kdf: 'scrypt';
  cost: number;
  salt: string;
  nonce: string;
  /** Ciphertext and the 16 bytes of the tag. */
  text: string;
}

/** 64 MiB and a good part of a second for each guess. */
const cost = 2 ** 16;
/** What a file may ask for: it could be somebody else's. */
const mostCost = 2 ** 18;
const blockSize = 8;
const tagBytes = 16;

export async function sealText(text: string, passphrase: string): Promise<Sealed> {
  const [salt, nonce] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', await keyOf(passphrase, salt, cost), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { kdf: 'scrypt', cost, ...{ salt: write(salt), nonce: write(nonce), text: write(sealed) } };
}

/** undefined: the passphrase is wrong, or the text is not what was sealed. */
export async function unsealText(sealed: Sealed, passphrase: string): Promise<string | undefined> {
  const { salt, nonce, text } = sealed;
  if (sealed.kdf !== 'scrypt' || !(sealed.cost <= mostCost)) return undefined;
  try {
    const bytes = Buffer.from(text, 'base64url');
    const key = await keyOf(passphrase, Buffer.from(salt, 'base64url'), sealed.cost);
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: tagBytes });
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function keyOf(passphrase: string, salt: Buffer, cost: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = { N: cost, r: blockSize, p: 1, maxmem: 256 * cost * blockSize };
  scrypt(passphrase.normalize('NFKC'), salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  return promise;
}

const write = (bytes: Buffer) => bytes.toString('base64url');
