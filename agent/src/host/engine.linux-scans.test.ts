// Evidence of scans, made with raw packets over loopback: what nobody answers is counted, ordinary traffic is not.
import { ScanKind } from '@foretop/proto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ScanReading } from './engine.ts';
import { skipsHere, Talker, Watch } from './engine.linux-traffic.ts';

const skipped = skipsHere('the scan evidence of the kernel engine');

const raw = `
r = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def checksum(data):
    data += b'\\0' * (len(data) % 2); total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff); return ~(total + (total >> 16)) & 0xffff
def send(source, port, protocol, body):
    a, b = socket.inet_aton(source), socket.inet_aton('127.0.0.1')
    at = 16 if protocol == 6 else 6; pseudo = a + b + struct.pack('!BBH', 0, protocol, len(body))
    body = body[:at] + struct.pack('!H', checksum(pseudo + body)) + body[at + 2:]
    r.sendto(struct.pack('!BBHHHBBH4s4s', 0x45, 0, 0, 0, 0, 64, protocol, 0, a, b) + body, ('127.0.0.1', 0))
def tcp(source, port, flags): send(source, port, 6, struct.pack('!HHIIBBHHH', 40000, port, 7, 0, 0x50, flags, 1024, 0, 0))
def udp(source, port): send(source, port, 17, struct.pack('!HHHH', 40000, port, 12, 0) + b'ping')
`;

function readFrom(watch: Watch, prefix: string): ScanReading[] {
  const found: ScanReading[] = [];
  watch.engine.readScans((scan) => {
    if (Buffer.from(scan.sourceAddress).join('.').startsWith(prefix)) found.push(scan);
  });
  return found;
}

describe.skipIf(skipped)('scans', () => {
  it('counts packets to places where nothing answers, by kind, source and port', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`${raw}
for kind, flags in (('SYN', 2), ('FIN', 1), ('NULL', 0), ('XMAS', 0x29)):
    for i in range(3): tcp('127.0.0.77', 4, flags)
for i in range(5): udp('127.0.0.77', 4)
tcp('127.0.0.78', 5, 2); say(0); wait()
`);
    await talker.answer();
    const found = readFrom(watch, '127.0.0.7').map(({ kind, sourceAddress, localAddress, localPort, packets }) => ({
      kind,
      source: Buffer.from(sourceAddress).join('.'),
      local: Buffer.from(localAddress).join('.'),
      localPort,
      packets,
    }));
    const one = { source: '127.0.0.77', local: '127.0.0.1', localPort: 4, packets: 3 };
    expect(found).toHaveLength(6);
    expect(found).toEqual(
      expect.arrayContaining([
        { ...one, kind: ScanKind.SCAN_KIND_SYN },
        { ...one, kind: ScanKind.SCAN_KIND_FIN },
        { ...one, kind: ScanKind.SCAN_KIND_NULL },
        { ...one, kind: ScanKind.SCAN_KIND_XMAS },
        { ...one, kind: ScanKind.SCAN_KIND_UDP, packets: 5 },
        { kind: ScanKind.SCAN_KIND_SYN, source: '127.0.0.78', local: '127.0.0.1', localPort: 5, packets: 1 },
      ]),
    );
    expect(readFrom(watch, '127.0.0.7')).toEqual([]);
  });

  it('does not count what listeners and bound sockets get, older ones neither, until they are gone', async () => {
    await using talker = new Talker(`${raw}
def both(at):
    l = listen(); u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0)); return l, u
old = both(0); say(0); wait(); new = both(1); ports = [s.getsockname()[1] for s in old + new]
for i in range(3):
    for l, u in (old, new): tcp('127.0.0.79', l.getsockname()[1], 2); udp('127.0.0.79', u.getsockname()[1])
say(ports); wait()
for s in old + new: s.close()
for l in (ports[0], ports[2]): tcp('127.0.0.79', l, 2)
for u in (ports[1], ports[3]): udp('127.0.0.79', u)
say(0); wait()
`);
    await talker.answer();
    await using watch = new Watch();
    talker.tell();
    const ports = await talker.answer<number[]>();
    await sleep(100);
    expect(readFrom(watch, '127.0.0.79')).toEqual([]);
    talker.tell();
    await talker.answer();
    const found = readFrom(watch, '127.0.0.79').map(({ kind, localPort }) => `${kind} ${localPort}`);
    const { SCAN_KIND_SYN: syn, SCAN_KIND_UDP: udp } = ScanKind;
    expect(found.sort()).toEqual(ports.map((port, i) => `${i % 2 ? udp : syn} ${port}`).sort());
  });

  it('stays bounded under forged sources, and counts what it left out', async () => {
    await using watch = new Watch({ maxEntries: { scans: 256 } });
    await using talker = new Talker(`${raw}
for i in range(2000): tcp('127.9.%d.%d' % (i >> 8, i & 255), 6, 2)
say(0); wait()
`);
    await talker.answer();
    const found = readFrom(watch, '127.9.');
    expect(found.length).toBeLessThanOrEqual(256);
    expect(found.length).toBeGreaterThan(200);
    expect(found.length + watch.engine.counters().scansRefused).toBeGreaterThanOrEqual(2000);
    expect(watch.engine.counters()).toMatchObject({ eventsLost: 0 });
  });
});
