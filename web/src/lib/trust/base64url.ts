// Bytes as base64url without padding and back (RFC 4648, section 5): how keys and signatures travel in JSON.

export function toBase64url(bytes: Uint8Array | ArrayBuffer): string {
  const octets = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let text = '';
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Throws InvalidCharacterError (DOMException) on anything else. */
export const fromBase64url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
