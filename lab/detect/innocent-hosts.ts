// Names below a zone that look odd and are not tunnels: machines, addresses, identifiers, hashes and records that services make.
import { repeated, type Random } from './random.ts';

const hex = '0123456789abcdef';
const letters = 'abcdefghijklmnopqrstuvwxyz';
const base36 = `${letters}0123456789`;
const run = (random: Random, alphabet: string, from: number, to = from) =>
  repeated(random.whole(from, to), () => random.letter(alphabet));
const number = (random: Random, to = 255) => String(random.whole(0, to));
const address = (random: Random, joint: string) =>
  [number(random), number(random), number(random), number(random)].join(joint);
const padded = (random: Random) => Array.from({ length: 4 }, () => number(random).padStart(3, '0')).join('-');
const uuid = (random: Random) => [8, 4, 4, 4, 12].map((length) => run(random, hex, length)).join('-');
const regions = [
  'us-east-1',
  'us-west-2',
  'eu-west-1',
  'eu-central-1',
  'ap-southeast-2',
  'westeurope',
  'northeurope',
  'eastus2',
  'fra1',
  'ams3',
  'nyc3',
  'lhr',
  'sjc',
  'hkg',
];
const roles =
  'api app web www cdn img static media mail smtp mx ns db sql redis cache kafka node worker build ci git vpn proxy edge lb gw auth sso login metrics logs telemetry events collector beacon track ads pixel stats dev test stage prod qa'.split(
    ' ',
  );
const region = (random: Random) => random.pick(regions);
const role = (random: Random) => random.pick(roles);

type Kind = (random: Random, words: readonly string[]) => string;

/** How often, and what. */
const kinds: readonly (readonly [number, Kind])[] = [
  [6, (r, words) => `${r.pick(words)}-${r.pick(words)}${r.next() < 0.4 ? number(r, 99) : ''}`],
  [6, (r, words) => `${r.pick(words)}${r.pick(words)}`],
  [5, (r, words) => `${r.pick(words)}.${r.pick(words)}`],
  [5, (r, words) => `${role(r)}.${r.pick(words)}`],
  [5, (r) => `${role(r)}-${role(r)}-${region(r)}${r.next() < 0.5 ? `-${number(r, 99)}` : ''}`],
  [4, (r) => `${role(r)}${number(r, 999)}.${region(r)}`],
  [3, (r) => `${role(r)}-${number(r, 99)}.${run(r, letters, 3)}${number(r, 9)}.${role(r)}`],
  [
    3,
    (r) =>
      `${r.pick(['host', 'ip', 'static', 'dsl', 'cpe', 'pool', 'dynamic', 'client', 'user', 'ppp'])}-${address(r, '-')}${r.next() < 0.5 ? '.dyn' : ''}`,
  ],
  [2, (r) => `${address(r, '.')}.${r.pick(['static', 'rev', 'dynamic', 'customer', 'bl', 'dnsbl', 'zen'])}`],
  [2, (r) => `${padded(r)}.${r.pick(['dsl', 'pools', 'dyn', 'adsl'])}`],
  [2, (r) => `p${run(r, hex, 8)}.dip0`],
  [
    2,
    (r) =>
      `${r.pick(['_dmarc', '_acme-challenge', '_mta-sts', '_smtp._tls', '_spf', '_sip._tls', '_sipfederationtls._tcp', '_ldap._tcp.dc._msdcs', '_kerberos._tcp', '_xmpp-client._tcp', '_autodiscover._tcp', '_caldavs._tcp'])}${r.next() < 0.3 ? `.${role(r)}` : ''}`,
  ],
  [
    2,
    (r, words) =>
      `${r.pick(['selector1', 'selector2', 'google', 'k1', 's1', 's2', 'default', 'mandrill', `${number(r, 2030)}${number(r, 12)}`, r.pick(words), `s${run(r, '0123456789', 8)}`])}._domainkey`,
  ],
  [1, (r) => `${run(r, base36, 32)}._domainkey`],
  [2, (r) => `_${run(r, hex, 32)}${r.next() < 0.5 ? `.${role(r)}` : ''}`],
  [3, (r) => `${uuid(r)}${r.next() < 0.6 ? `.${role(r)}` : ''}${r.next() < 0.3 ? `.${region(r)}` : ''}`],
  [2, (r) => `${run(r, hex, 32)}.${role(r)}${r.next() < 0.5 ? `.${region(r)}` : ''}`],
  [
    2,
    (r, words) =>
      `${r.pick(words)}-${run(r, '456789bcdfghjklmnpqrstvwxz', 8, 10)}-${run(r, '456789bcdfghjklmnpqrstvwxz', 5)}.${r.pick(words)}`,
  ],
  [2, (r) => `r${number(r, 20)}---sn-${run(r, base36, 6, 12)}`],
  [2, (r, words) => `${r.pick(words)}-${run(r, base36, 6, 10)}${r.next() < 0.3 ? '-uc.a' : ''}`],
  [2, (r, words) => `deploy-preview-${number(r, 900)}--${r.pick(words)}`],
  [2, (r, words) => `git-${run(r, hex, 7)}-${r.pick(words)}`],
  [2, (r) => `internal-a${run(r, hex, 31)}-${run(r, '0123456789', 9, 10)}.${region(r)}.elb`],
  [1, (r) => `${r.pick(['d', 'e', 'a', 'x'])}${run(r, base36, 8, 13)}`],
  [
    2,
    (r) =>
      `${r.pick(['android', 'desktop', 'laptop', 'iphone', 'win', 'esp', 'nas', 'printer'])}-${run(r, base36, 6, 12)}`,
  ],
  [1, (r) => `${run(r, hex, 12)}`],
  [2, (r) => `ipv4-c${number(r, 300).padStart(3, '0')}-${run(r, letters, 3)}00${number(r, 3)}-ix.1.oca`],
  [2, (r) => `${run(r, letters, 2, 4)}${number(r, 99)}-${run(r, letters, 3)}${number(r, 9)}.${run(r, letters, 2, 3)}`],
  [2, (r) => `${number(r, 9999999)}.${role(r)}`],
  [1, (r) => `${number(r, 99999)}-${number(r, 9999)}-${run(r, base36, 4)}`],
  [
    2,
    (r, words) =>
      `${Array.from({ length: r.whole(3, 6) }, () => r.pick(words))
        .join('-')
        .slice(0, 60)}`,
  ],
  [2, (r, words) => `${r.pick(words)}-${r.pick(words)}._${r.pick(['http', 'ipp', 'smb', 'ssh', 'https'])}._tcp`],
  [1, (r) => `v${number(r, 20)}-${number(r, 20)}-${number(r, 99)}.${role(r)}`],
  [1, (r, words) => `xn--${r.pick(words)}-${run(r, base36, 3, 5)}`],
  [1, (r) => `${run(r, hex, 8)}.${role(r)}`],
  [1, (r) => `${run(r, letters, 2, 5)}`],
];
const total = kinds.reduce((sum, [weight]) => sum + weight, 0);

export function innocentHost(words: readonly string[], random: Random): string {
  let place = random.next() * total;
  for (const [weight, kind] of kinds) {
    place -= weight;
    if (place < 0) return kind(random, words).toLowerCase();
  }
  return 'www';
}
