// The page's security policy takes no text as the address of a script. This lets through the workers that the build made.

const workers = '/_app/immutable/workers/';

/** As far as it is used here; TypeScript's DOM does not have it. */
interface TrustedTypes {
  createPolicy(name: 'default', rules: { createScriptURL: (text: string) => string | null }): unknown;
}

(globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('default', {
  createScriptURL(text) {
    const { origin, pathname } = new URL(text, location.href);
    return origin === location.origin && pathname.startsWith(workers) ? text : null;
  },
});
