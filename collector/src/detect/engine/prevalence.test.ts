import { expect, test } from 'vitest';
import type { ConnectionObservation } from '../observation.ts';
import { Prevalence } from './prevalence.ts';

const dayUs = 86_400_000_000;
const knowledge = {
  place: (address: string) => (address.startsWith('203.') ? { asn: 64_500, country: 'NO' } : {}),
  registrableDomain: (name: string) => name.split('.').slice(-2).join('.'),
};

function connection(host: number, changes: Partial<ConnectionObservation> = {}): ConnectionObservation {
  return {
    ...{ kind: 'connection', host: String(host), atUs: 20_000 * dayUs, late: false, id: '1', openedUs: 0, startUs: 0 },
    ...{
      first: true,
      openedBefore: false,
      closed: true,
      protocol: 6,
      direction: 'outbound',
      outcome: 'established',
      count: 1,
    },
    process: {
      ...{ id: '1', pid: 1, comm: 'curl', executable: '/usr/bin/curl', parentComm: '', user: '', unit: '' },
      container: '',
    },
    local: { address: '10.0.0.1', port: 40_000 },
    remote: { address: '203.0.113.5', port: 443 },
    ...{ sentBytes: 1, receivedBytes: 1, sentPackets: 1, receivedPackets: 1, name: '', nameSource: 'none' },
    ...changes,
  };
}

test('hosts are counted by registered name, else address, by program, network and country', () => {
  const prevalence = new Prevalence(knowledge);
  prevalence.observe(connection(1, { name: 'a.example.org', nameSource: 'dns' }));
  prevalence.observe(connection(2, { name: 'b.example.org', nameSource: 'sni' }));
  prevalence.observe(connection(2, { name: 'b.example.org', nameSource: 'sni' }));
  prevalence.observe(connection(3));
  expect(prevalence.of('destination', 'example.org')).toEqual({ hosts: 2, fleet: 3 });
  expect(prevalence.of('destination', '203.0.113.5')).toEqual({ hosts: 1, fleet: 3 });
  expect(prevalence.of('executable', '/usr/bin/curl')).toEqual({ hosts: 3, fleet: 3 });
  expect(prevalence.of('asn', '64500')).toEqual({ hosts: 3, fleet: 3 });
  expect(prevalence.of('country', 'SE')).toEqual({ hosts: 0, fleet: 3 });
});

test('what comes in is no destination', () => {
  const prevalence = new Prevalence(knowledge);
  prevalence.observe(connection(1, { direction: 'inbound' }));
  expect(prevalence.of('destination', '203.0.113.5')).toEqual({ hosts: 0, fleet: 1 });
});

test('it survives being saved, and forgets hosts and what is two weeks old', () => {
  const prevalence = new Prevalence(knowledge);
  prevalence.observe(connection(1));
  prevalence.observe(connection(2));
  const restored = new Prevalence(knowledge);
  restored.restore(JSON.parse(JSON.stringify(prevalence.save())));
  expect(restored.of('destination', '203.0.113.5')).toEqual({ hosts: 2, fleet: 2 });
  restored.forget(2);
  expect(restored.of('destination', '203.0.113.5')).toEqual({ hosts: 1, fleet: 1 });
  restored.observe(connection(3, { atUs: 20_020 * dayUs, remote: { address: '203.0.113.6', port: 1 } }));
  expect(restored.of('destination', '203.0.113.5')).toEqual({ hosts: 0, fleet: 1 });
  restored.restore('nonsense');
});

test('a host that makes up destinations does not make it grow beyond its bound', () => {
  const prevalence = new Prevalence(knowledge);
  for (let n = 0; n < 30_000; n++) prevalence.observe(connection(1, { remote: { address: `10.${n}`, port: 1 } }));
  expect(prevalence.counters().prevalence_values).toBeLessThanOrEqual(20_001);
});
