// The DNS filter: address, collector, and back.
import { expect, it } from 'vitest';
import {
  dnsFilterParameters,
  dnsServerParameters,
  dnsWords,
  parseDnsFilter,
  withDnsCondition,
  type DnsCondition,
} from './dns-filter.ts';

const is = (field: DnsCondition['field'], value: string): DnsCondition => ({ field, value, exclude: false });
const not = (field: DnsCondition['field'], value: string): DnsCondition => ({ field, value, exclude: true });

it('reads what it wrote', () => {
  const conditions = [is('host', 'web-1'), not('name', '*.local'), is('rcode', 'NXDOMAIN'), is('rcode', 'SERVFAIL')];
  const address = new URLSearchParams();
  for (const [field, values] of Object.entries(dnsFilterParameters(conditions)))
    for (const value of values) address.append(field, value);
  expect(address.toString()).toBe('host=web-1&name=%21*.local&rcode=NXDOMAIN&rcode=SERVFAIL');
  expect(parseDnsFilter(address)).toEqual(conditions);
});

it.each(['name=', 'name=!', 'answered=maybe'])('%s is no condition', (text) =>
  expect(parseDnsFilter(new URLSearchParams(text))).toEqual([]),
);

it('for the collector values are joined, and a host page asks for its own host', () => {
  const conditions = [is('host', 'a'), is('type', 'A'), not('type', 'AAAA')];
  expect(dnsServerParameters(conditions, false)).toEqual({ host: 'a', type: 'A,!AAAA' });
  expect(dnsServerParameters(conditions, true)).toEqual({ type: 'A,!AAAA' });
});

it('adds and turns around; answered has one value of two', () => {
  const one = withDnsCondition([], is('type', 'A'));
  expect(withDnsCondition(one, not('type', 'A'))).toEqual([not('type', 'A')]);
  expect(withDnsCondition([is('answered', 'true')], is('answered', 'false'))).toEqual([is('answered', 'false')]);
  expect(withDnsCondition([is('answered', 'true')], not('answered', 'true'))).toEqual([is('answered', 'false')]);
  expect(withDnsCondition([is('answered', 'false')], not('answered', 'false'))).toEqual([is('answered', 'true')]);
});

it.each([
  [is('answered', 'false'), 'not answered'],
  [is('answered', 'true'), 'answered'],
  [not('name', 'x'), 'name is not'],
])('%o reads %s', (condition, words) => expect(dnsWords(condition)).toBe(words));
