// Seconds that came late, and seconds that came after an outage.
import { expect, it } from 'vitest';
import { createDelivery } from './delivery.ts';

const SECOND = 1_000_000;

it('tells by the delay: nothing up to 30 s, late up to a minute, backfilled beyond', () => {
  const delivery = createDelivery();
  const flush = (at: number, batches = 1) => delivery.flushed({ nowUs: at * SECOND, seconds: 5, batches });
  flush(5);
  delivery.delivered(35 * SECOND, 0);
  expect(delivery.counts()).toEqual({ lateSeconds: 0, backfilledSeconds: 0 });
  flush(40, 2);
  flush(45);
  flush(50, 0);
  delivery.delivered(71 * SECOND, 2);
  expect(delivery.counts()).toEqual({ lateSeconds: 0, backfilledSeconds: 0 });
  delivery.delivered(71 * SECOND, 1);
  expect(delivery.counts()).toEqual({ lateSeconds: 5, backfilledSeconds: 0 });
  delivery.delivered(106 * SECOND, 0);
  expect(delivery.counts()).toEqual({ lateSeconds: 5, backfilledSeconds: 10 });
});
