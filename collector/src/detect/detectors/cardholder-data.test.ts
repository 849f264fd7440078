import { expect, it } from 'vitest';
import { aProcess, monday, runDetector } from '../../../test/observations.ts';
import type { CardObservation, TextObservation } from '../observation.ts';
import { cardholderData } from './cardholder-data.ts';

const piece = (at: number, text: string, changes: Partial<TextObservation> = {}): TextObservation => ({
  kind: 'text',
  host: '1',
  atUs: (monday + at) * 1e6,
  late: false,
  connection: '9',
  process: aProcess({ comm: 'till' }),
  peer: { address: '203.0.114.7', port: 80 },
  text,
  ...changes,
});

it('tells a number that two pieces of a connection share, masked', () => {
  const { run, findings } = runDetector(cardholderData);
  run.observe(piece(0, 'POST /pay card=41111111'));
  run.observe(piece(1, '11111111&exp=1229 HTTP/1.1'));
  run.observe(piece(1, 'unrelated', { connection: '10' }));
  run.advance((monday + 60) * 1e6);
  expect(findings()).toMatchObject([
    { key: ['till', '203.0.114.7', '80'], severity: 'high', peer: '203.0.114.7', count: 1 },
  ]);
  expect(JSON.stringify(findings())).toContain('411111******1111');
  expect(JSON.stringify(findings())).not.toMatch(/4111111111111111|11111111&|POST/);
});

it('waits for what follows a number, but not for ever', () => {
  const { run, findings } = runDetector(cardholderData);
  run.observe(piece(0, 'card 4111111111111111'));
  expect(findings()).toEqual([]);
  run.advance((monday + 5) * 1e6);
  expect(findings()).toEqual([]);
  run.advance((monday + 11) * 1e6);
  expect(findings()).toHaveLength(1);
});

it('keeps connections apart', () => {
  const { run, findings } = runDetector(cardholderData);
  run.observe(piece(0, 'card 41111111', { connection: '1' }));
  run.observe(piece(0, '11111111 ', { connection: '2' }));
  run.advance((monday + 60) * 1e6);
  expect(findings()).toEqual([]);
});

it('is one finding however many numbers there are, and saves none of them', () => {
  const { run, findings, told } = runDetector(cardholderData);
  const numbers = ['4111111111111111', '5555555555554444', '371449635398431', '6011000990139424'];
  for (let index = 0; index < 100; index++) run.observe(piece(index, `pay ${numbers[index % 4]} ok ${'.'.repeat(50)}`));
  expect(findings()).toMatchObject([{ severity: 'high', links: { connections: ['9'] } }]);
  expect(told.length).toBeLessThan(20);
  expect(run.save('1')).toBeUndefined();
  run.forget('1');
});

it('takes what agents tell: all clients of a service are one finding, another service another', () => {
  const { run, findings } = runDetector(cardholderData);
  const told = (at: number, changes: Partial<CardObservation>): CardObservation => ({
    ...{ kind: 'card', host: '1', atUs: (monday + at) * 1e6, startUs: (monday + at) * 1e6, late: false },
    ...{ connection: '77', process: aProcess({ comm: 'shop' }), inbound: true },
    ...{ local: { address: '10.0.0.9', port: 8080 }, peer: { address: '10.0.0.4', port: 51_000 } },
    ...{ masked: '411111******1111', issuer: 'Visa', score: 0.95, count: 1 },
    ...changes,
  });
  run.observe(told(0, {}));
  run.observe(
    told(1, { peer: { address: '10.0.0.5', port: 51_001 }, masked: '555555******4444', issuer: 'Mastercard' }),
  );
  run.observe(told(2, { inbound: false, peer: { address: '203.0.114.7', port: 80 }, connection: '' }));
  expect(findings()).toMatchObject([
    {
      key: ['shop', 'clients', '8080'],
      severity: 'high',
      peer: '',
      count: 2,
      links: { addresses: ['10.0.0.4', '10.0.0.5'] },
    },
    { key: ['shop', '203.0.114.7', '80'], peer: '203.0.114.7', count: 1 },
  ]);
});
