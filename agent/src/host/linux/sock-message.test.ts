// Messages as Linux 6.18 sent them for sockets on loopback, and messages that no kernel should send.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSocketMessage, readSocketMessage } from './sock-message.ts';

const recorded = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/linux-6.18/sock-diag.json', import.meta.url), 'utf8'),
) as Record<string, string>;

function read(hex: string, end?: number) {
  const bytes = new Uint8Array(64 << 10);
  bytes.set(Buffer.from(hex, 'hex'));
  const message = createSocketMessage();
  const complete = readSocketMessage(new Uint32Array(bytes.buffer), bytes, 0, end ?? hex.length / 2, 6, message);
  return { complete, message };
}

describe('readSocketMessage', () => {
  it('reads an established client', () => {
    const { message } = read(recorded['tcp4-state1-client']!);
    expect(message).toMatchObject({
      family: 2,
      state: 1,
      remotePort: 45_999,
      infoBytes: 280,
      infoState: 1,
      bytesAcked: 1001,
      bytesReceived: 11,
    });
    expect(message).toMatchObject({
      bytesSent: 1000,
      bytesRetrans: 0,
      dataSegsIn: 1,
      dataSegsOut: 1,
      unacked: 0,
      totalRetrans: 0,
    });
    expect(message.rttUs).toBeGreaterThan(0);
    expect(message.inode).toBeGreaterThan(0);
    expect(message.cookie).toBeGreaterThan(0);
    expect([...new Uint8Array(message.remote.buffer, 0, 4)]).toEqual([127, 0, 0, 1]);
  });

  it('reads the server side, an IPv6 socket with IPv4-mapped addresses', () => {
    const { message } = read(recorded['tcp6-state1-server']!);
    expect(message).toMatchObject({ family: 10, localPort: 45_999, bytesAcked: 11, bytesReceived: 1000 });
    expect([...new Uint8Array(message.local.buffer)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1]);
  });

  it('reads UDP, which has no tcp_info', () => {
    const { message } = read(recorded['udp4-state7-server']!);
    expect(message).toMatchObject({ state: 7, localPort: 45_998, remotePort: 0, infoBytes: 0 });
  });

  it('refuses what is too short and survives any bytes', () => {
    const whole = recorded['tcp4-state1-client']!;
    expect(read(whole, 71).complete).toBe(false);
    expect(read(whole, 72)).toMatchObject({ complete: true, message: { infoBytes: 0 } });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 72, maxLength: 600 }), (bytes) => {
        expect(read(Buffer.from(bytes).toString('hex')).complete).toBe(true);
      }),
    );
  });
});
