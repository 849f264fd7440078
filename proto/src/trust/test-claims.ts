// For tests: claims that are in order, to be spoilt.
import type { CommandClaims, OfferClaims, RosterClaims } from './statements.ts';

const bytes32 = (letter: string) => `${letter.repeat(42)}A`;

export const commandClaims = (iss: string): CommandClaims => ({ iss, aud: bytes32('h'), digest: bytes32('d') });

export const rosterClaims = (iss: string): RosterClaims => ({
  iss,
  serial: 7,
  iat: 1_790_000_000,
  exp: 1_790_086_400,
  rp: { id: 'localhost', origins: ['http://localhost:8420'] },
  operators: [
    {
      name: 'Ada Lovelace',
      signer: 'browser',
      cnf: { jwk: { kty: 'OKP', crv: 'Ed25519', x: bytes32('x') } },
      capabilities: ['observe', 'terminate'],
      hosts: { ids: [bytes32('i')], labels: ['env=prod'] },
    },
    {
      name: 'Grace Hopper',
      signer: 'passkey',
      cnf: { passkey: { credentialId: 'AQID', spki: bytes32('s'), algorithm: -7 } },
      capabilities: [],
      hosts: { ids: [], labels: [] },
    },
  ],
});

export const offerClaims = (iss: string): OfferClaims => ({
  iss,
  nonce: bytes32('n'),
  bootId: '9f0c6a52-6e0b-4b3e-8f41-2f3b7a1d1c11',
  iat: 1_790_000_000,
  lifeSeconds: 60,
  action: {
    kind: 'terminate',
    process: {
      pid: 4_711,
      startTicks: '123456',
      startedAt: 1_789_999_000,
      name: 'nginx',
      executable: '/usr/sbin/nginx',
      sha256: 'ab'.repeat(32),
      device: '8:1',
      inode: '77',
      user: 'www-data',
      commandLine: 'nginx: master process',
    },
    tree: [],
  },
  preview: {
    parent: { pid: 1, name: 'systemd' },
    unit: 'nginx.service',
    container: '',
    children: [{ pid: 4_712, name: 'nginx' }],
    childCount: 1,
    connections: [{ protocol: 'tcp', remote: '192.0.2.1:443', name: 'example.com' }],
    connectionCount: 1,
    restartedBy: 'unit nginx.service (Restart=always)',
    restartChecked: ['systemd'],
  },
  allowed: ['observe', 'terminate'],
  weakestSigner: 'browser',
});
