// Streams as packets bring them: cut anywhere, sent again, with holes, too many, and not text at all.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Transport } from '../packet/transport.ts';
import { CardWatch } from './card-watch.ts';

const number = '4111111111111111';
const request = `POST /pay HTTP/1.1\r\nHost: shop.test\r\n\r\n{"card":"${number}","cvv":"123"}\r\n`;
const secondUs = 1e6;

function segment(text: string | Uint8Array, changes: Partial<Transport> = {}): Transport {
  const payload = typeof text === 'string' ? Buffer.from(text) : text;
  return {
    ...{ protocol: 6, source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(10, 0, 0, 2) },
    ...{ sourcePort: 50_000, destinationPort: 80, payload, payloadBytes: payload.length, sequence: 1 },
    ...{ flags: 0x18, timeUs: secondUs },
    ...changes,
  };
}

describe('card watch', () => {
  it('finds a number wherever the segments cut it, once, and gives it out masked', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: request.length - 1 }), { maxLength: 6 }), (cuts) => {
        const watch = new CardWatch();
        const places = [0, ...cuts.toSorted((a, b) => a - b), request.length];
        for (const [index, from] of places.slice(0, -1).entries()) {
          const part = segment(request.slice(from, places[index + 1]), { sequence: (0xffff_fff0 + from) >>> 0 });
          watch.inspect(part);
          // The same again, as after a lost acknowledgement.
          watch.inspect(part);
        }
        const sights = watch.take(60 * secondUs);
        expect(sights).toMatchObject([{ masked: '411111******1111', issuer: 'Visa', count: 1 }]);
        expect(JSON.stringify(sights)).not.toContain(number);
      }),
    );
  });

  it('takes no two halves together that a hole divides', () => {
    const watch = new CardWatch();
    watch.inspect(segment('card=41111111', { sequence: 1 }));
    watch.inspect(segment('11111111 and so on, for some time', { sequence: 5_000 }));
    expect(watch.take(60 * secondUs)).toEqual([]);
  });

  it('passes over what is no text, and what is beyond its bounds, and counts it', () => {
    const watch = new CardWatch({ bytesPerSecond: 1_000, sights: 1 });
    watch.inspect(segment(Uint8Array.from({ length: 900 }, (_, index) => index)));
    watch.inspect(segment(`${request}${' '.repeat(900)}`));
    watch.inspect(segment(request.replace(number, '5555555555554444'), { sourcePort: 50_001 }));
    expect(watch.leftBytes).toBeGreaterThan(0);
    expect(watch.take(60 * secondUs)).toHaveLength(1);
    for (const port of [1, 2, 3]) watch.inspect(segment(request, { sourcePort: port, timeUs: port * 5 * secondUs }));
    expect(watch.take(90 * secondUs)).toHaveLength(1);
    expect(watch.lost).toBe(2);
  });

  it('keeps no more streams than it may, whatever comes', () => {
    const watch = new CardWatch({ streams: 8 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(65_535), fc.nat(), (bytes, sourcePort, sequence) => {
        watch.inspect(segment(bytes, { sourcePort, sequence: sequence >>> 0 }));
      }),
    );
    expect(watch.take(60 * secondUs).length).toBeLessThan(9);
  });
});
