// TLS without certificates between the lab's own programs: both sides know a key, which guards nothing.

const psk = Buffer.from('guards nothing');
// Node offers pre-shared keys up to TLS 1.2.
const common = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;

export const preSharedKey = {
  server: { ...common, pskCallback: () => psk, pskIdentityHint: 'lab' },
  client: { ...common, pskCallback: () => ({ psk, identity: 'lab' }), checkServerIdentity: () => undefined },
};
