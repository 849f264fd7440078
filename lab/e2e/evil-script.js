// What script in a dashboard page can do once it is not ours any more: everything that the page can, without asking anybody.
// Runs in the page before its own scripts, as `evil`; see Evil in terminate-attacks.e2e.ts.
{
  const headers = () => ({
    'content-type': 'application/json',
    'x-foretop-session': localStorage.getItem('foretop.session') ?? '',
  });
  const ask = (path, init = {}) => fetch(`/api/v1${path}`, { ...init, headers: headers() });
  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');
  const bytesOf = (text) =>
    Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  const inUtf8 = (text) => new TextEncoder().encode(text);

  const heldKey = () =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open('foretop-trust');
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const reading = opening.result.transaction('signing-keys').objectStore('signing-keys').getAll();
        reading.onsuccess = () => {
          opening.result.close();
          resolve(reading.result[0]);
        };
      };
    });

  const idOf = async (hostId, pid) => {
    const { items } = await (await ask(`/hosts/${hostId}/processes?process=${pid}`)).json();
    return items.find((item) => item.pid === pid)?.id;
  };

  const evil = {
    knows: async (hostId, pid) => (await idOf(hostId, pid)) !== undefined,
    async offer(hostId, pid) {
      const path = `/processes/${await idOf(hostId, pid)}`;
      const { requestId, offer, hostThumbprint } = await (await ask(path, { method: 'DELETE' })).json();
      return { path, requestId, text: offer, host: hostThumbprint };
    },
    async digest({ text, host }) {
      return base64url(await crypto.subtle.digest('SHA-256', inUtf8(`foretop command 1\n${host}\nterminate\n${text}`)));
    },
    async sign(offer) {
      const { thumbprint, privateKey } = await heldKey();
      const header = { alg: 'Ed25519', kid: thumbprint, typ: 'foretop-command+jwt' };
      const claims = { iss: thumbprint, aud: offer.host, digest: await evil.digest(offer) };
      const signed = [header, claims].map((part) => base64url(inUtf8(JSON.stringify(part)))).join('.');
      return { statement: `${signed}.${base64url(await crypto.subtle.sign('Ed25519', privateKey, inUtf8(signed)))}` };
    },
    async touch(challenge, userVerification) {
      const { items } = await (await ask('/trust/keys')).json();
      const allowCredentials = items
        .filter(({ credentialId }) => credentialId)
        .map(({ credentialId }) => ({ type: 'public-key', id: bytesOf(credentialId) }));
      const publicKey = { challenge: bytesOf(challenge), rpId: location.hostname, allowCredentials, userVerification };
      const got = await navigator.credentials.get({ publicKey: { ...publicKey, timeout: 3_000 } }).catch(() => null);
      if (got === null) return null;
      const { authenticatorData, clientDataJSON, signature } = got.response;
      return {
        passkey: {
          credentialId: base64url(got.rawId),
          authenticatorData: base64url(authenticatorData),
          clientDataJson: base64url(clientDataJSON),
          signature: base64url(signature),
        },
      };
    },
    async send({ path, requestId }, signature) {
      const answer = await ask(path, { method: 'DELETE', body: JSON.stringify({ requestId, signature }) });
      const { refusal, type, code, outcome } = await answer.json();
      return { said: refusal || code || type || '', outcome: outcome ?? '' };
    },
    async steal() {
      const { privateKey } = await heldKey();
      const forms = ['jwk', 'pkcs8', 'raw'].map((form) => crypto.subtle.exportKey(form, privateKey));
      return (await Promise.allSettled(forms)).filter(({ status }) => status === 'fulfilled').length;
    },
  };
  Object.assign(globalThis, { evil });
}
