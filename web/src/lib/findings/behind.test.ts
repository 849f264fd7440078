// Ways from a finding to its records: by far ends, else by process, always of that host and span.
import { expect, it } from 'vitest';
import { connectionsPath, namePath } from './behind.ts';

const span = { from: '2026-11-21T10:00:00Z', to: '2026-11-21T11:00:00Z' };
const links = { connections: [], dns: [], processes: [], names: [], addresses: [] as string[] };
const asked = (path: string) => [...new URLSearchParams(path.split('?')[1])].map(([name, value]) => `${name} ${value}`);

it('far ends go before the process', () => {
  const on = { hostName: 'web-07', process: 'python3', links: { ...links, addresses: ['203.0.113.7', '2001:db8::7'] } };
  expect(asked(connectionsPath(on, span))).toEqual([
    'host web-07',
    'address 203.0.113.7',
    'address 2001:db8::7',
    `from ${span.from}`,
    `to ${span.to}`,
  ]);
});

it('names that begin like an operator are taken as they are', () => {
  expect(asked(connectionsPath({ hostName: '!web', process: '=sh', links }, span)).slice(0, 2)).toEqual([
    'host =!web',
    'process ==sh',
  ]);
  expect(namePath('a&b.example', 'web-07', span)).toContain('name=a%26b.example&host=web-07');
});
