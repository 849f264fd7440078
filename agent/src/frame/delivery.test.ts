// Seconds that came late, and seconds that came after an outage.
import { expect, it } from 'vitest';
import { createDelivery } from './delivery.ts';

const SECOND = 1_000_000;

it('tells late from backfilled', () => {
  const delivery = createDelivery();
  const flush = (at: number, connected: boolean, batches = 1) =>
    delivery.flushed({ nowUs: at * SECOND, seconds: 5, batches, connected });
  flush(5, true);
  delivery.delivered(6 * SECOND, 0);
  expect(delivery.counts()).toEqual({ lateSeconds: 0, backfilledSeconds: 0 });
  flush(10, true, 2);
  flush(15, false);
  flush(20, false, 0);
  delivery.delivered(22 * SECOND, 2);
  expect(delivery.counts()).toEqual({ lateSeconds: 0, backfilledSeconds: 0 });
  delivery.delivered(45 * SECOND, 1);
  expect(delivery.counts()).toEqual({ lateSeconds: 5, backfilledSeconds: 0 });
  delivery.delivered(46 * SECOND, 0);
  expect(delivery.counts()).toEqual({ lateSeconds: 5, backfilledSeconds: 10 });
});
