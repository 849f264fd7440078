// Filters: in the address and back, what they let through, what of them the REST API is asked.
import { describe, expect, it } from 'vitest';
import { filterParameters, parseFilter, type Condition, type FilterField } from './connection-filter.ts';
import { slotTest } from './connection-match.ts';
import { connection, idOf, storeOf } from './connections.fixture.ts';
import { serverParameters } from './scope.ts';

const store = storeOf([
  connection({}),
  connection({
    id: idOf(2, 0xbb),
    state: 'listen',
    direction: 'listen',
    localAddress: '::',
    localPort: 443,
    remoteAddress: null,
    remotePort: null,
    process: null,
    pid: null,
    unit: null,
    container: null,
    hostId: 2,
  }),
]);
const is = (field: FilterField, value: string): Condition => ({ field, value, exclude: false });
const not = (field: FilterField, value: string): Condition => ({ field, value, exclude: true });
const passing = (...conditions: Condition[]) => {
  const test = slotTest(store, { conditions, text: '' });
  return [0, 1].filter(test).map((slot) => slot + 1);
};

describe('what is let through', () => {
  it.each([
    [[is('state', 'established')], [1]],
    [
      [is('state', 'established'), is('state', 'listen')],
      [1, 2],
    ],
    [[not('state', 'listen')], [1]],
    [[is('process', 'ng*')], [1]],
    [[is('process', 'n.*')], []],
    [[is('process', '1123')], [1]],
    [[is('process', '?')], [2]],
    [[is('address', '192.0.2.0/24')], [1]],
    [[not('address', '10.0.0.0/8')], [2]],
    [[is('address', '::')], [2]],
    [[is('port', '443')], [1, 2]],
    [[is('port', '0')], []],
    [[is('port', '440-450')], [1, 2]],
    [[not('port', '44000-44999')], [2]],
    [[is('protocol', 'udp')], []],
    [[is('host', 'web-01')], [1]],
    [[is('host', '2')], [2]],
    [[is('direction', 'listen')], [2]],
    [[is('unit', '*.service')], [1]],
    [[is('container', 'docker')], [1]],
    [
      [is('country', 'DE'), not('asn', '64500')],
      [1, 2],
    ],
    [[is('container', '3f2a')], [1]],
    [[is('container', '3f2a9c1b7e4d55aa')], [1]],
    [[is('port', '443'), is('host', 'db-01')], [2]],
  ])('%j', (conditions, keys) => expect(passing(...conditions)).toEqual(keys));

  it('every word of the search', () => {
    const search = (text: string) => slotTest(store, { conditions: [], text })(0);
    expect(search('WEB-01 2.7:443')).toBe(true);
    expect(search('web-01 postgres')).toBe(false);
  });
});

it('stands in the address and is read again', () => {
  const conditions = [is('process', '!odd'), not('process', 'node'), is('state', 'syn'), not('address', 'fe80::/10')];
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(filterParameters(conditions)))
    for (const value of values) parameters.append(name, value);
  expect(parseFilter(parameters).conditions).toEqual(conditions);
});

it('what means nothing is left out', () => {
  const text =
    'state=gone&port=99999&port=9-8&address=x&protocol=icmp&direction=up&process=&container=a%20b&country=de&asn=AS1';
  expect(parseFilter(new URLSearchParams(text)).conditions).toEqual([]);
});

it.each([
  [[is('state', 'syn'), not('state', 'listen')], { state: 'syn-sent,syn-recv,!listen,!unconnected' }],
  [[is('process', 'a,b\\'), is('process', 'c')], { process: 'a\\,b\\\\,c' }],
  [[is('process', '!b'), is('process', 'c'), not('process', 'd')], { process: '=!b,c,!d' }],
  [[is('process', '?')], { process: '?' }],
  [[is('host', 'web-01'), is('host', '7')], { host: 'web-01,7' }],
])('the collector is asked %j', (conditions, parameters) => expect(serverParameters(conditions)).toEqual(parameters));
