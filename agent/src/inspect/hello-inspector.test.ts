import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { clientHello, cryptoFrame, payload, sealInitial, tlsRecords } from '../../test/packets.ts';
import { HelloInspector, type ObservedHello } from './hello-inspector.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Of buffers that something still holds. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

function inspector(quicPacketsPerSecond = Infinity) {
  const hellos: ObservedHello[] = [];
  return { hellos, inspector: new HelloInspector((hello) => hellos.push(hello), quicPacketsPerSecond) };
}

const hello = clientHello({ name: 'a.test', alpn: ['h2'] });
const record = tlsRecords(hello);

test('one event for a connection, whatever is repeated', () => {
  const { hellos, inspector: tls } = inspector();
  for (const cookie of [1, 2, 1]) tls.inspect(payload({ kind: 'tls', bytes: record, cookie }));
  expect(hellos).toMatchObject([
    { cookie: 1, serverName: 'a.test', alpn: ['h2'], transport: 'tls', direction: 'tx', remotePort: 443 },
    { cookie: 2 },
  ]);
  expect(tls.counters()).toMatchObject({ hellos: 2, helloFlowsEvicted: 0 });
});

test('segments of many connections at once, the first half of each kept', () => {
  const { hellos, inspector: tls } = inspector();
  for (let cookie = 1; cookie <= 2_000; cookie++) {
    tls.inspect(payload({ kind: 'tls', bytes: record.subarray(0, 60), cookie }));
  }
  for (let cookie = 1; cookie <= 2_000; cookie++) {
    tls.inspect(payload({ kind: 'tls', bytes: record.subarray(60), sequence: 60, cookie }));
  }
  expect(hellos.map(({ cookie }) => cookie)).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
});

test('half a hello whose rest never comes is given out as far as it goes', () => {
  const { hellos, inspector: tls } = inspector();
  const padded = tlsRecords(clientHello({ name: 'half.test', paddingBytes: 10, alpn: ['h2'] }));
  tls.inspect(payload({ kind: 'tls', bytes: padded.subarray(0, -1) }));
  for (const seconds of [1, 31]) tls.expire(seconds * 1e6);
  expect(hellos).toEqual([]);
  tls.expire(61e6);
  expect(hellos).toMatchObject([{ serverName: 'half.test' }]);
});

test('decryption has a limit a second, and what is above it is counted', () => {
  const { hellos, inspector: quic } = inspector(10);
  const bytes = sealInitial({ frames: cryptoFrame(0, hello) });
  for (let cookie = 1; cookie <= 25; cookie++) quic.inspect(payload({ kind: 'quic', bytes, cookie }));
  quic.inspect(payload({ kind: 'quic', bytes, cookie: 99, boottimeUs: 2_000_000 }));
  expect(hellos.length).toBe(11);
  expect(hellos.at(-1)).toMatchObject({ cookie: 99, transport: 'quic' });
  expect(quic.counters().quicSkipped).toBe(15);
});

test('hellos that never end are bounded in bytes, together', async () => {
  const { inspector: tls } = inspector();
  const endless = tlsRecords(clientHello({ paddingBytes: 20_000 }), 10_000).subarray(0, 19_000);
  const before = heldBytes();
  for (let cookie = 1; cookie <= 4_000; cookie++) tls.inspect(payload({ kind: 'tls', bytes: endless, cookie }));
  // 76 MB came. What was let go is given back beside the program, a little later.
  await expect.poll(() => heldBytes() - before, { timeout: 10_000 }).toBeLessThan(40 * 1_048_576);
  expect(tls.counters().helloFlowsEvicted).toBeGreaterThan(2_000);
});
