// What of an offer may differ from the question, and what may not.
import { expect, test } from 'vitest';
import type { ToolRequest } from './parameters.ts';
import { differenceOf } from './same-request.ts';

const ping = {
  target: 'example.org',
  protocol: 'icmp',
  count: 5,
  intervalMs: 1_000,
  payloadBytes: 56,
  family: 'any',
} as const;
const asked: ToolRequest = { tool: 'ping', parameters: ping };
const offered = (changes: object): ToolRequest => ({ tool: 'ping', parameters: { ...ping, ...changes } });

test.each([{}, { count: 3 }, { payloadBytes: 0 }])('the same or less of it: %j', (changes) => {
  expect(differenceOf(asked, offered(changes))).toBeUndefined();
});

test.each([{ target: 'example.com' }, { count: 6 }, { intervalMs: 200 }, { port: 22 }, { protocol: 'tcp' }])(
  'something else: %j',
  (changes) => {
    expect(differenceOf(asked, offered(changes))).toMatch(/^another /);
  },
);

test('another tool', () => {
  const trace = { target: 'example.org', protocol: 'icmp', maxHops: 5, probesPerHop: 1, family: 'any' } as const;
  expect(differenceOf(asked, { tool: 'trace', parameters: trace })).toBe('the tool trace instead of ping');
});

test('the order of members does not count, that of lists does', () => {
  const dns = { name: 'a.example', types: ['A', 'MX'], resolver: '', transport: 'udp', dnssec: false } as const;
  const question: ToolRequest = { tool: 'dns', parameters: { ...dns, types: ['A', 'MX'] } };
  const { name, ...rest } = dns;
  expect(differenceOf(question, { tool: 'dns', parameters: { ...rest, types: ['A', 'MX'], name } })).toBeUndefined();
  expect(differenceOf(question, { tool: 'dns', parameters: { ...dns, types: ['MX'] } })).toMatch(/types/);
});
