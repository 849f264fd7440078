// Parameters of every tool: what is taken, what is refused, and that nothing at all makes the check throw something else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkToolRequest, readToolRequest, toolCapability } from './check-parameters.ts';
import { toolSeconds } from './limits.ts';
import { toolNames, type ToolName, type ToolParameters } from './parameters.ts';
import { ToolFault } from './tool-fault.ts';

const good: { [Name in ToolName]: ToolParameters[Name] } = {
  ping: { target: 'example.com', protocol: 'icmp', count: 4, intervalMs: 1_000, payloadBytes: 56, family: 'any' },
  trace: { target: '2001:db8::1', protocol: 'udp', maxHops: 30, probesPerHop: 3, family: 'ipv6' },
  dns: { name: 'example.com', types: ['A', 'TYPE65'], resolver: '192.0.2.1:53', transport: 'udp', dnssec: true },
  scan: { target: '192.0.2.1', method: 'connect', ports: '22, 80,8000-8100', rate: 100, banners: true },
  certificate: { target: 'example.com', port: 443, serverName: '', startTls: 'none' },
  http: { url: 'https://example.com/x?y=1', method: 'GET', followRedirects: true },
  watch: {
    id: '0123456789abcdef',
    target: 'example.com',
    protocol: 'icmp',
    intervalSeconds: 5,
    expiresAt: 1_795_000_000,
  },
  capture: { interface: 'eth0', filter: 'tcp port 443', content: 'headers', maxBytes: 1_000_000, maxSeconds: 60 },
};

const fault = (tool: unknown, parameters: unknown) => {
  try {
    checkToolRequest({ tool, parameters });
    return 'taken';
  } catch (error) {
    return error instanceof ToolFault ? error.message : `threw ${String(error)}`;
  }
};

test.each(toolNames)('%s is taken as it stands, and read again out of its own JSON', (tool) => {
  const request = checkToolRequest({ tool, parameters: good[tool] });
  expect(request).toEqual({ tool, parameters: good[tool] });
  expect(readToolRequest(tool, JSON.stringify(request.parameters))).toEqual(request);
  expect(toolSeconds(request)).toBeGreaterThan(0);
  expect(toolSeconds(request)).toBeLessThanOrEqual(3_600);
});

describe.each(toolNames)('%s', (tool) => {
  test('is refused with a member more, and without any one of its members', () => {
    expect(fault(tool, { ...good[tool], more: 1 })).toContain('unknown member "more"');
    for (const name of Object.keys(good[tool]))
      expect(fault(tool, Object.fromEntries(Object.entries(good[tool]).filter(([key]) => key !== name)))).toContain(
        name,
      );
  });
});

test.each<[ToolName, object, string]>([
  ['ping', { target: '' }, 'target'],
  ['ping', { target: 'a b' }, 'neither a name nor an address'],
  ['ping', { target: '-oProxyCommand=x' }, 'neither a name nor an address'],
  ['ping', { target: 'x'.repeat(254) }, 'target'],
  ['ping', { target: 'evil\u202e.com' }, 'target'],
  ['ping', { target: 'fe80::1%eth0' }, 'neither a name nor an address'],
  ['ping', { protocol: 'tcp' }, 'lacks port'],
  ['ping', { port: 80 }, 'no meaning for icmp'],
  ['ping', { count: 101 }, 'count'],
  ['ping', { intervalMs: 199 }, 'intervalMs'],
  ['ping', { count: 1.5 }, 'count'],
  ['trace', { protocol: 'icmp', port: 80 }, 'no meaning'],
  ['trace', { maxHops: 65 }, 'maxHops'],
  ['dns', { types: [] }, 'types is empty'],
  ['dns', { types: ['A', 'A'] }, 'twice'],
  ['dns', { types: ['WRONG'] }, 'no type of DNS records'],
  ['dns', { resolver: 'dns.example' }, 'no address'],
  ['dns', { resolver: '192.0.2.1:0' }, 'no address'],
  ['dns', { resolver: '192.0.2.1:65536' }, 'no address'],
  ['scan', { ports: '0' }, 'list of ports'],
  ['scan', { ports: '80-22' }, 'list of ports'],
  ['scan', { ports: '1-65536' }, 'list of ports'],
  ['scan', { ports: '22,,80' }, 'list of ports'],
  ['scan', { method: 'udp', banners: false, ports: '1-4097' }, 'at most 4096'],
  ['scan', { method: 'syn' }, 'banners'],
  ['scan', { rate: 1_001 }, 'rate'],
  ['certificate', { port: 0 }, 'port'],
  ['certificate', { startTls: 'ftp' }, 'startTls'],
  ['http', { url: 'file:///etc/passwd' }, 'http://'],
  ['http', { url: 'gopher://x/' }, 'http://'],
  ['http', { url: 'http://ada:secret@example.com/' }, 'password'],
  ['http', { method: 'POST' }, 'method'],
  ['watch', { id: '../../../../etc/x' }, 'id'],
  ['watch', { intervalSeconds: 0 }, 'intervalSeconds'],
  ['capture', { interface: '../eth0' }, 'interface'],
  ['capture', { content: 'payload' }, 'recipient'],
  ['capture', { maxBytes: (64 << 20) + 1 }, 'maxBytes'],
])('%s with %j is refused: %s', (tool, change, words) => {
  expect(fault(tool, { ...good[tool], ...change })).toContain(words);
});

test('an unknown tool, and anything that is no request, is refused and nothing else is thrown', () => {
  expect(fault('rm', good.ping)).toContain('none of');
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...toolNames), fc.string()), fc.jsonValue(), (tool, parameters) => {
      expect(fault(tool, parameters)).not.toMatch(/^threw/);
    }),
  );
});

test('more than 4 KiB of JSON is not even parsed', () => {
  const long = JSON.stringify({ ...good.ping, target: 'ä'.repeat(2_100) });
  expect(() => readToolRequest('ping', long)).toThrow('4096 bytes');
  expect(() => readToolRequest('ping', '{')).toThrow(ToolFault);
});

test('only captures need more than probing', () => {
  const capability = (tool: ToolName, change = {}) =>
    toolCapability(checkToolRequest({ tool, parameters: { ...good[tool], ...change } }));
  expect(toolNames.filter((tool) => capability(tool) !== 'probe')).toEqual(['capture']);
  expect(capability('capture')).toBe('capture-headers');
  expect(capability('capture', { content: 'payload', recipient: 'A'.repeat(43) })).toBe('capture-payload');
});
