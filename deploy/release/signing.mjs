// The release's signature: SHA256SUMS over all its files, signed with an Ed25519 key.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { StepError } from '../local/steps.mjs';

export const sumsName = 'SHA256SUMS';
export const signatureName = 'SHA256SUMS.sig';
export const publicKeyName = 'release-key.pem';

/** The key in a PEM file (PKCS #8). Throws StepError. */
export function readReleaseKey(file) {
  let key;
  try {
    key = createPrivateKey(readFileSync(file));
  } catch (cause) {
    throw new StepError(`The release key cannot be read from '${file}': ${cause.message}`);
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new StepError(`The release key in '${file}' is of type ${key.asymmetricKeyType}; ed25519 is required.`);
}

/** For builds that nobody but their maker trusts: made at the first call and kept. */
export function developmentKey(file) {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  }
  return readReleaseKey(file);
}

export function publicPem(key) {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' });
}

/** SHA-256 of the key's SPKI, in hexadecimal: what people compare. */
export function fingerprint(key) {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** `files`: name → bytes. As sha256sum writes it. */
export function sumsOf(files) {
  const lines = Object.keys(files)
    .sort()
    .map((name) => `${createHash('sha256').update(files[name]).digest('hex')}  ${name}\n`);
  return Buffer.from(lines.join(''));
}

/** 64 bytes over the text of SHA256SUMS. */
export function signSums(sums, key) {
  return sign(null, sums, key);
}
