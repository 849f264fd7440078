// Who can sign what for which host: only keys of one's own, in scope, strong enough and at hand.
import { thumbprint, type PublicJwk, type RosterOperator } from '@foretop/proto/trust';
import { expect, it } from 'vitest';
import { bestWay, waysToSign, type SigningQuestion } from './ways-to-sign.ts';

const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const host = { thumbprint: 'host-print', labels: ['env=prod', 'site=ber'] };
const operator = (signer: RosterOperator['signer'], more: Partial<RosterOperator> = {}): RosterOperator => ({
  name: 'mira',
  signer,
  cnf: signer === 'passkey' ? { passkey: { credentialId: 'AQ', spki: 'Ag', algorithm: -7 } } : { jwk },
  capabilities: ['observe', 'terminate'],
  hosts: { ids: ['host-print'], labels: [] },
  ...more,
});
const ask = async (operators: RosterOperator[], more: Partial<SigningQuestion> = {}) =>
  waysToSign({
    name: 'mira',
    operators,
    host,
    capability: 'terminate',
    weakest: 'browser',
    here: [await thumbprint(jwk)],
    support: { browser: '', passkey: '' },
    ...more,
  });
const works = (ways: Awaited<ReturnType<typeof ask>>) =>
  ways.filter(({ why }) => why === '').map(({ signer }) => signer);

it('signs with every key that the roster names', async () => {
  const ways = await ask([operator('browser'), operator('passkey'), operator('approve')]);
  expect(works(ways)).toEqual(['browser', 'passkey', 'approve']);
  expect(bestWay(ways, 'browser')).toMatchObject({ signer: 'browser', thumbprint: await thumbprint(jwk) });
  expect(ways[1]!.passkeys).toEqual([{ credentialId: 'AQ', spki: 'Ag', algorithm: -7 }]);
});

it('an empty roster, and one of others, lets nobody sign here; what is queued waits for others', async () => {
  for (const operators of [[], [operator('browser', { name: 'theo' })]]) {
    const ways = await ask(operators);
    expect(works(ways)).toEqual(['approve']);
    expect(bestWay(ways, 'passkey')).toBeUndefined();
    expect(bestWay(ways, 'approve')?.signer).toBe('approve');
    expect(ways[0]!.why).toContain('no key of yours');
  }
});

it('a weaker kind than the host takes is not offered', async () => {
  const ways = await ask([operator('browser'), operator('approve')], { weakest: 'passkey' });
  expect(works(ways)).toEqual(['approve']);
  expect(ways[0]!.why).toContain('stronger');
  expect(bestWay(ways, 'passkey')).toMatchObject({ signer: 'approve', granted: true });
});

it('a key in another browser, and an address without passkeys', async () => {
  const ways = await ask([operator('browser'), operator('passkey')], {
    here: [],
    support: { browser: '', passkey: 'Passkeys belong to a name.' },
  });
  expect(works(ways)).toEqual(['approve']);
  expect(ways.map(({ why }) => why).slice(0, 2)).toEqual([
    'Your key that the roster names is in another browser.',
    'Passkeys belong to a name.',
  ]);
});

it('a key for another host, or for less, is not taken for this one', async () => {
  const others = [{ hosts: { ids: ['other'], labels: ['env=pro'] } }, { capabilities: ['observe' as const] }];
  for (const more of others) {
    const ways = await ask([operator('browser', more)]);
    expect(works(ways)).toEqual(['approve']);
    expect(ways[0]!.why).toBe('The roster does not let your key terminate on this host.');
  }
  expect(works(await ask([operator('browser', { hosts: { ids: [], labels: ['site=ber'] } })]))).toContain('browser');
});
