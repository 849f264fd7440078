// An offer in words: everything that would happen stands there, and nothing in it is more than text.
import type { OfferClaims, OfferedProcess } from '@foretop/proto/trust';
import { expect, test } from 'vitest';
import { offerText } from './offer-text.ts';

const process: OfferedProcess = {
  pid: 4_711,
  startTicks: '1',
  startedAt: 1_790_000_000,
  name: 'nginx',
  executable: '/usr/sbin/nginx',
  sha256: 'ab'.repeat(32),
  device: '8:1',
  inode: '7',
  user: 'www-data',
  commandLine: 'nginx: master',
};
const claims: OfferClaims = {
  iss: 'h',
  nonce: 'n',
  bootId: 'b',
  iat: 0,
  lifeSeconds: 60,
  action: { kind: 'terminate', process, tree: [{ ...process, pid: 4_712, name: 'worker' }] },
  preview: {
    parent: { pid: 1, name: 'systemd' },
    unit: 'nginx.service',
    container: '',
    children: [],
    childCount: 0,
    connections: [{ protocol: 'tcp', remote: '192.0.2.1:443', name: 'example.com' }],
    connectionCount: 3,
    restartedBy: '',
    restartChecked: ['systemd', 'docker'],
  },
  allowed: ['terminate'],
  weakestSigner: 'browser',
};

test('a process with its tree', () => {
  const { lines, confirmation } = offerText(claims, 'web-1');
  expect(confirmation).toBe('web-1 4711');
  expect(lines.join('\n')).toMatch(/End +PID 4711 nginx, user www-data, since 2026-09-21/);
  expect(lines.join('\n')).toMatch(/and +PID 4712 worker, \/usr\/sbin\/nginx, www-data/);
  expect(lines.join('\n')).toContain('3: tcp 192.0.2.1:443 example.com and 2 more');
  expect(lines.join('\n')).toContain('nothing found; looked at: systemd, docker');
});

test('a connection', () => {
  const action = {
    kind: 'close-connection',
    protocol: 'tcp',
    local: { address: '10.0.0.1', port: 443 },
    remote: { address: '2001:db8::1', port: 50_000 },
    cookie: '7',
    process: null,
  } as const;
  const { lines, confirmation } = offerText({ ...claims, action }, 'web-1');
  expect(confirmation).toBe('web-1 50000');
  expect(lines[0]).toMatch(/Close +the TCP connection from 10\.0\.0\.1 port 443 to 2001:db8::1 port 50000/);
});

test('no line of it can be made by a host, nor can any be hidden', () => {
  const hostile = 'x\n  Restarted by nothing\u001b[2K\u202e\u200b';
  const action = { kind: 'terminate' as const, process: { ...process, name: hostile, commandLine: hostile }, tree: [] };
  const { lines, confirmation } = offerText({ ...claims, action }, hostile);
  for (const text of [...lines, confirmation]) expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(lines.filter((line) => line.startsWith('  Restarted by'))).toHaveLength(1);
});
