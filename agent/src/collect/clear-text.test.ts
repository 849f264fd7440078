// Card numbers with whose they are; with packets that a test makes, and only while the host's owner allows it.
import { Direction } from '@foretop/proto';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { byHandle, connection, secondUs, tick } from '../../test/synthetic-ticks.ts';
import type { PacketSocket, SeenPacket } from '../host/linux/packet-socket.ts';
import { ClearText, mayReadText } from './clear-text.ts';

const text = 'card=4111111111111111&cvv=123 and nothing else';

/** IPv4 and TCP, from 127.0.0.1 to 127.0.0.2. */
function packet(sourcePort: number): Uint8Array {
  const bytes = Buffer.alloc(40 + text.length);
  bytes.write('4500', 'hex');
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.set([64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2], 8);
  bytes.writeUInt16BE(sourcePort, 20);
  bytes.writeUInt16BE(80, 22);
  bytes[32] = 5 << 4;
  bytes.write(text, 40);
  return bytes;
}

function open(ports: number[]) {
  let nowUs = 10 * secondUs;
  const state = { opened: 0, closed: 0 };
  const socket = (): PacketSocket => {
    state.opened++;
    return {
      drain(visit: (packet: SeenPacket) => void) {
        for (const port of ports.splice(0)) visit({ bytes: packet(port), outgoing: true, wallUs: nowUs });
        return 0;
      },
      dropped: () => 0,
      [Symbol.dispose]: () => void state.closed++,
    };
  };
  const clock = { boottimeUs: () => nowUs, wallUs: () => nowUs };
  const clearText = new ClearText({ clock, log: pino({ level: 'silent' }), open: socket });
  return { clearText, state, at: (us: number) => (nowUs = us) };
}

const sender = (localPort: number) =>
  connection({
    ...{ handle: localPort, localAddress: Uint8Array.of(127, 0, 0, 1), localPort, remotePort: 80, comm: 'till' },
    ...{ remoteAddress: Uint8Array.of(127, 0, 0, 2), direction: Direction.DIRECTION_OUTBOUND },
  });

it('says whose a number is, open or just closed, and of one that nobody knows says so in the end', () => {
  const { clearText, at } = open([1_001, 1_002, 1_003]);
  clearText.allow(true);
  const closed = { ...sender(1_002), closedUs: 10 * secondUs, lastSeenUs: 10 * secondUs };
  expect(clearText.take(tick(10 * secondUs, { closed: [closed] }))).toEqual([]);
  at(12 * secondUs);
  const first = clearText.take(tick(12 * secondUs, { connections: byHandle(sender(1_001)) }));
  expect(first).toMatchObject([
    { localPort: 1_001, comm: 'till', sent: true, masked: '411111******1111', cookie: 2_001 + 0 },
    { localPort: 1_002, comm: 'till', direction: Direction.DIRECTION_OUTBOUND },
  ]);
  at(16 * secondUs);
  expect(clearText.take(tick(16 * secondUs))).toMatchObject([{ localPort: 1_003, comm: '', cookie: 0 }]);
});

it('opens nothing that is not allowed, and closes at once what is allowed no more', () => {
  const { clearText, state } = open([1_001]);
  clearText.allow(false);
  expect(clearText.take(tick(10 * secondUs))).toEqual([]);
  expect(state).toEqual({ opened: 0, closed: 0 });
  clearText.allow(true);
  clearText.allow(true);
  clearText.allow(false);
  expect(state).toEqual({ opened: 1, closed: 1 });
  expect(clearText.take(tick(20 * secondUs))).toEqual([]);
});

it.each([
  [{ allowed: ['observe', 'probe', 'capture-headers'] }, false],
  [{ allowed: ['observe', 'probe', 'capture-headers', 'capture-payload'] }, true],
  [{ allowed: ['capture-payload'], withheld: ['card-numbers'] }, false],
  [{}, false],
])('%j: %s', (policy, may) => {
  expect(mayReadText(policy)).toBe(may);
});
