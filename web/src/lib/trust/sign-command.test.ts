// What is shown and signed is the offer's own text, and only when it is of the host that was asked.
import { signStatement, thumbprint, type OfferClaims, type PublicJwk } from '@foretop/proto/trust';
import { expect, it } from 'vitest';
import { offerOf } from './sign-command.ts';

const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
const { x } = await crypto.subtle.exportKey('jwk', pair.publicKey);
const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: x! };
const iss = await thumbprint(jwk);
const claims: OfferClaims = {
  iss,
  nonce: 'A'.repeat(43),
  bootId: 'boot',
  iat: 1_790_000_000,
  lifeSeconds: 60,
  action: {
    kind: 'terminate',
    process: {
      ...{ pid: 21877, startTicks: '1', startedAt: 1_790_000_000, name: 'python3', executable: '/tmp/.x/python3' },
      ...{ sha256: '', device: '8:1', inode: '7', user: 'deploy', commandLine: '' },
    },
    tree: [],
  },
  preview: {
    ...{ parent: null, unit: '', container: '', children: [], childCount: 0, connections: [], connectionCount: 0 },
    ...{ restartedBy: '', restartChecked: [] },
  },
  allowed: ['observe'],
  weakestSigner: 'passkey',
};
const text = await signStatement('offer', claims, pair.privateKey, iss);

it('reads what the host wrote', () => expect(offerOf(text, iss)).toEqual(claims));

it('takes no offer of another host', () =>
  expect(() => offerOf(text, 'B'.repeat(43))).toThrow('The offer is of another host than the one that was asked.'));

it('takes no text that is something else', () => {
  expect(() => offerOf('', iss)).toThrow('the offer statement has 1 parts');
  expect(() => offerOf(text.replace(/^[^.]+/, 'e30'), iss)).toThrow('header lacks');
});
