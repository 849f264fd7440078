// What is typed becomes a request that every bound holds for, and a link that leads back to it.
import { describe, expect, test } from 'vitest';
import { formOf, requestOf, standardValues, toolForms, valuesOf } from './tool-forms.ts';
import { askedLink, askedOf, readAsked } from './tool-link.ts';

const id = '0123456789abcdef';
const nowMs = 1_700_000_000_000;
const targets: Record<string, string> = { http: 'https://example.org/', dns: 'www.example.org' };
const request = (name: string, changes: Record<string, string> = {}, target = targets[name] ?? 'example.org') =>
  requestOf(formOf(name), target, { ...standardValues(formOf(name)), ...changes }, { nowMs, watchId: id });

describe('a form', () => {
  const runnable = toolForms.filter(({ name }) => name !== 'address').map(({ name }) => name);

  test.each(runnable)('%s as it stands needs nothing but a target, and can be run again', (name) => {
    const asked = request(name);
    expect(asked.tool).toBe(name);
    expect(requestOf(formOf(name), targets[name] ?? 'example.org', valuesOf(asked), { nowMs, watchId: id })).toEqual(
      asked,
    );
  });

  test.each<[string, Record<string, string>, string | undefined, RegExp]>([
    ['ping', { count: '0' }, undefined, /count/],
    ['ping', { count: '' }, undefined, /count/],
    ['ping', {}, 'a b', /target/],
    ['scan', { ports: 'all' }, undefined, /ports/],
    ['dns', { types: '' }, undefined, /types/],
    ['http', {}, 'ftp://example.org', /url/],
  ])('%s with %j says what is wrong', (name, changes, target, reason) => {
    expect(() => request(name, changes, target)).toThrow(reason);
  });

  test('TCP has a port and no payload, ICMP the other way round', () => {
    expect(request('ping', { protocol: 'tcp', port: '22' }).parameters).toMatchObject({ port: 22, payloadBytes: 0 });
    expect(request('ping').parameters).not.toHaveProperty('port');
  });

  test('a capture has no target; payload needs the key that it is sealed to', () => {
    const recipient = 'A'.repeat(43);
    const values = { ...standardValues(formOf('capture')), content: 'payload', filter: 'port 53', maxMiB: '1.5' };
    const asked = requestOf(formOf('capture'), '', values, { nowMs, watchId: id, recipient });
    expect(asked.parameters).toEqual({
      ...{ interface: '', filter: 'port 53', content: 'payload', maxBytes: 1_572_864, maxSeconds: 60, recipient },
    });
    expect(valuesOf(asked)).toEqual(values);
    expect(() => request('capture', { content: 'payload' })).toThrow(/recipient/);
    expect(() => request('capture', { maxMiB: '65' })).toThrow(/maxBytes/);
  });

  test('a watch ends after its days; a page without a scheme is taken as https', () => {
    expect(request('watch', { days: '2' }).parameters).toMatchObject({ id, expiresAt: nowMs / 1_000 + 172_800 });
    expect(request('http', {}, 'example.org').parameters).toMatchObject({ url: 'https://example.org' });
  });
});

describe('a link', () => {
  test('says what differs from the standard, and leads back', () => {
    const asked = {
      ...{ form: formOf('ping'), target: '2001:db8::1', hostIds: [3, 1] },
      values: { ...standardValues(formOf('ping')), count: '20' },
    };
    expect(askedLink(asked)).toBe('/tools?tool=ping&target=2001%3Adb8%3A%3A1&from=3%2C1&count=20');
    expect(readAsked(new URL(askedLink(asked), 'http://x').searchParams)).toEqual(asked);
  });

  test('with nonsense in it opens the page all the same', () => {
    const asked = readAsked(new URLSearchParams('tool=rm&from=a,-1,2,2,1e99&count=x'));
    expect([asked.form.name, asked.hostIds, asked.values['count']]).toEqual(['ping', [2], 'x']);
  });

  test('runs again what was run, from the same hosts', () => {
    const run = { ...request('scan', { ports: '22' }), target: 'example.org', hosts: [{ hostId: 4 }] };
    expect(askedLink(askedOf(run))).toBe('/tools?tool=scan&target=example.org&from=4&ports=22');
  });
});
