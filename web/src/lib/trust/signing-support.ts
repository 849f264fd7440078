// What this browser can sign with at the address that it shows, and what to do where it cannot.

export interface Place {
  /** https:, or http: on localhost and loopback addresses. */
  secure: boolean;
  hostname: string;
  /** With the port. */
  host: string;
  hasSubtle: boolean;
  hasPasskeys: boolean;
}

export interface SigningSupport {
  /** Empty: it can. Otherwise a sentence that says why not, and what to do. */
  browser: string;
  passkey: string;
}

export const placeOfPage = (): Place => ({
  secure: isSecureContext,
  hostname: location.hostname,
  host: location.host,
  hasSubtle: globalThis.crypto?.subtle !== undefined,
  hasPasskeys: globalThis.PublicKeyCredential !== undefined,
});

export function signingSupport(place: Place): SigningSupport {
  if (!place.secure) {
    const sentence = `This page came from ${place.hostname} over plain HTTP, where browsers sign nothing. Put TLS before the collector and open it by https, or open it as localhost where it runs.`;
    return { browser: sentence, passkey: sentence };
  }
  return {
    browser: place.hasSubtle ? '' : 'This browser has no WebCrypto, which holds signing keys. Use a current one.',
    passkey: passkeySupport(place),
  };
}

/** WebAuthn level 2, section 5.1.2: a relying party is a domain, so an address of numbers has none. */
function passkeySupport({ hostname, host, hasPasskeys }: Place): string {
  if (isAddress(hostname)) {
    const elsewhere = /^127\.|^\[::1\]$/.test(hostname)
      ? `Open this page as http://localhost${host.slice(hostname.length)}.`
      : 'Give the collector a name and open this page by it.';
    return `Passkeys belong to a name, and ${hostname} is an address. ${elsewhere}`;
  }
  return hasPasskeys ? '' : 'This browser has no passkeys (WebAuthn). Use a current one.';
}

const isAddress = (hostname: string): boolean => /^[\d.]+$/.test(hostname) || hostname.startsWith('[');

/** A browser that has WebCrypto may still know no Ed25519. */
export const noEd25519 =
  'This browser cannot sign with Ed25519. Chrome and Edge can from 137, Firefox from 129, Safari from 17.';
