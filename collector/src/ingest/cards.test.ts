// What a hostile agent may say of card numbers: nothing that is not masked, and nothing of other times and places.
import type { CardSighting } from '@foretop/proto';
import { expect, it, test } from 'vitest';
import { createIds } from '../store/ids.ts';
import { defaultRetention } from '../store/retention.ts';
import { noneAccepted } from './accepted.ts';
import { type BatchContext, noneRefused } from './batch-context.ts';
import { readCards } from './cards.ts';

const nowUs = 1_795_000_000_000_000;
const strings = ['', '411111******1111', 'Visa', 'till\u0000', '4111111111111111', '411111******11114'];

const sighting: CardSighting = {
  ...{ startUs: nowUs - 2e6, endUs: nowUs - 1e6, cookie: 7, pid: 40, pidStartTicks: 9, comm: 3, direction: 2 },
  ...{ localAddress: Uint8Array.of(10, 0, 0, 1), localPort: 50_000, remoteAddress: Uint8Array.of(10, 0, 0, 2) },
  ...{ remotePort: 80, sent: true, masked: 1, issuer: 2, scorePermille: 950, count: 1 },
};

function read(changes: Partial<CardSighting>) {
  const context: BatchContext = {
    ...{ hostId: 1, bootId: new Uint8Array(16), offsetUs: 0, receivedUs: nowUs, epoch: new Uint8Array(8), sequence: 1 },
    ...{ nowUs, retention: defaultRetention, ids: createIds(new Uint8Array(16)), newestUs: 0 },
    ...{ refused: noneRefused(), accepted: noneAccepted(strings) },
  };
  return { cards: readCards([{ ...sighting, ...changes }], strings, context), refused: context.refused.invalid };
}

test('a masked number comes through, with its connection and process', () => {
  const { cards, refused } = read({});
  expect(cards).toMatchObject([{ masked: '411111******1111', issuer: 'Visa', comm: 'till\ufffd' }]);
  expect(cards[0]!.connection).not.toBeNull();
  expect(cards[0]!.process).not.toBeNull();
  expect(refused).toBe(0);
  expect(read({ cookie: 0, pid: 0 }).cards).toMatchObject([{ connection: null, process: null }]);
});

it.each([
  ['a number that is not masked', { masked: 4 }],
  ['five digits at the end', { masked: 5 }],
  ['no text', { masked: 99 }],
  ['no issuer', { issuer: 99 }],
  ['an end before its start', { endUs: nowUs - 3e6 }],
  ['the future', { endUs: nowUs + 3_600e6 }],
  ['a long address', { remoteAddress: new Uint8Array(17) }],
  ['a direction that there is not', { direction: 9 }],
  ['a score above all', { scorePermille: 1_001 }],
])('%s is refused', (_, changes) => {
  expect(read(changes)).toEqual({ cards: [], refused: 1 });
});
