// What the kernel engine copies out of packets: DNS, the TLS ClientHello and QUIC Initials, each with its process.
import { describe, expect, it } from 'vitest';
import { type SeenPayload, skipsHere, Talker, Watch } from './engine.linux-traffic.ts';

const skipped = skipsHere('the copies of the kernel engine');

/** A ClientHello of any length, with nothing but a beginning that says so. */
const hello = `
def hello(size):
    body = b'\\x03\\x03' + os.urandom(size - 11); handshake = b'\\x01' + struct.pack('>I', len(body))[1:] + body
    return b'\\x16\\x03\\x01' + struct.pack('>H', len(handshake)) + handshake
def connect():
    l = listen(); c = socket.create_connection(l.getsockname()); c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s, _ = l.accept(); l.close(); return c, s
`;

/** The bytes that copies of one TCP connection hold, put together by sequence number. */
function reassemble(copies: SeenPayload[]): Buffer {
  const start = Math.min(...copies.map(({ sequence }) => sequence));
  const bytes = Buffer.alloc(Math.max(...copies.map((copy) => copy.sequence - start + copy.bytes.length)));
  for (const copy of copies) copy.bytes.copy(bytes, copy.sequence - start);
  return bytes;
}

async function copiesAt(watch: Watch, port: number, atLeast: number): Promise<SeenPayload[]> {
  const found = () => watch.payloads.filter((copy) => copy.localPort === port || copy.remotePort === port);
  await expect.poll(() => found().length, { timeout: 3_000 }).toBeGreaterThanOrEqual(atLeast);
  return found();
}

describe.skipIf(skipped)('payload', () => {
  it('copies each DNS query and answer over UDP with the process that asked', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.53', 5355)); ports = []
for i in range(20):
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.connect(s.getsockname()); ports.append(c.getsockname()[1])
    c.send(b'query %d' % i); data, peer = s.recvfrom(99); s.sendto(b'answer %d ' % i + b'a' * (i * 100), peer); c.recv(9999); c.close()
say(ports); wait()
`);
    const ports = await talker.answer<number[]>();
    for (const [i, port] of ports.entries()) {
      const copies = await copiesAt(watch, port, 4);
      const client = copies.filter((copy) => copy.localPort === port);
      const query = { kind: 'dns', protocol: 17, owner: { pid: talker.pid, comm: 'python3' } };
      expect(client).toMatchObject([
        { ...query, direction: 'tx', bytes: Buffer.from(`query ${i}`) },
        { ...query, direction: 'rx', bytes: Buffer.from(`answer ${i} ${'a'.repeat(i * 100)}`) },
      ]);
    }
  });

  it('copies DNS over TCP in both directions, to be put together by sequence number', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
l = socket.socket(); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind(('127.0.0.54', 5355)); l.listen()
c = socket.create_connection(l.getsockname()); s, _ = l.accept(); c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
c.send(b'\\0'); time.sleep(.02); c.send(b'\\x05query'); receive(s, 7); s.sendall(b'A' * 6000); receive(c, 6000)
say(c.getsockname()[1]); wait()
`);
    const port = await talker.answer<number>();
    const copies = (await copiesAt(watch, port, 3)).filter((copy) => copy.localPort === port);
    expect(reassemble(copies.filter(({ direction }) => direction === 'tx'))).toEqual(Buffer.from('\0\x05query'));
    expect(reassemble(copies.filter(({ direction }) => direction === 'rx'))).toEqual(Buffer.alloc(6000, 'A'));
    expect(copies.every(({ kind, protocol }) => kind === 'dns' && protocol === 6)).toBe(true);
  });

  it.each([
    ['in one piece', 600, [600]],
    ['in two segments', 1_700, [1_000, 700]],
    ['cut inside its first header', 1_700, [3, 1_697]],
    ['as large as one may be', 8_000, [8_000]],
  ])('copies a ClientHello %s, and nothing behind it', async (_, size, parts) => {
    await using watch = new Watch();
    await using talker = new Talker(
      `${hello}
c, s = connect(); size, parts = int(sys.argv[1]), json.loads(sys.argv[2]); data = hello(size); at = 0
for part in parts: c.send(data[at:at + part]); at += part; receive(s, part)
s.send(b'S' * 3000); receive(c, 3000)
for i in range(20): c.send(b'application data' * 10); receive(s, 160)
say([c.getsockname()[1], data.hex()]); wait()
`,
      { args: [size, JSON.stringify(parts)] },
    );
    const [port, sent] = await talker.answer<[number, string]>();
    const copies = await copiesAt(watch, port, parts.length);
    const own = copies.filter((copy) => copy.localPort === port);
    expect(
      own.every(({ kind, direction, owner }) => kind === 'tls' && direction === 'tx' && owner?.pid === talker.pid),
    ).toBe(true);
    const bytes = reassemble(own);
    expect(bytes.subarray(0, size).toString('hex')).toBe(sent);
    if (parts[0]! >= 9) expect(bytes.length).toBe(size);
    expect(copies.filter((copy) => copy.remotePort === port)).toEqual([]);
  });

  it('finds a ClientHello behind a plain beginning', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`${hello}
c, s = connect(); data = hello(700); c.send(b'CONNECT example.org:443 HTTP/1.1\\r\\n\\r\\n'); s.recv(99); s.send(b'HTTP/1.1 200 OK\\r\\n\\r\\n')
c.recv(99); c.send(data); receive(s, 700); say([c.getsockname()[1], data.hex()]); wait()
`);
    const [port, sent] = await talker.answer<[number, string]>();
    const copies = await copiesAt(watch, port, 1);
    expect(reassemble(copies).toString('hex')).toBe(sent);
  });

  it('copies what a QUIC client begins with, datagram by datagram, and nothing else of UDP', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0)); ports = []
for first, version in ((0xc3, 1), (0xd3, 0x6b3343cf)):
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.connect(s.getsockname()); ports.append(c.getsockname()[1])
    initial = struct.pack('>BI', first, version) + b'I' * 1195; c.send(initial)
    c.setsockopt(17, 103, 1200); c.send(initial + initial); c.setsockopt(17, 103, 0)
    s.sendto(initial, c.getsockname()); c.recv(2000); c.send(b'\\x41' + b'S' * 100); c.close()
say(ports); wait()
`);
    for (const port of await talker.answer<number[]>()) {
      const copies = await copiesAt(watch, port, 3);
      expect(copies).toHaveLength(3);
      for (const copy of copies)
        expect(copy).toMatchObject({
          kind: 'quic',
          direction: 'tx',
          localPort: port,
          payloadBytes: 1200,
          owner: { pid: talker.pid },
        });
      expect(copies.map(({ bytes }) => bytes.length)).toEqual([1200, 1200, 1200]);
    }
  });

  it('copies nothing that is switched off', async () => {
    await using watch = new Watch();
    watch.engine.capture({ dns: false, tls: false, quic: false });
    await using talker = new Talker(`${hello}
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.55', 5355)); u.sendto(b'query', s.getsockname())
c, t = connect(); c.send(hello(600)); receive(t, 600); say([c.getsockname()[1], s.getsockname()[1], cookie(c)]); wait()
`);
    const [tls, dns] = await talker.answer<[number, number]>();
    watch.drain();
    const ports = new Set([tls, dns]);
    expect(watch.payloads.filter((copy) => ports.has(copy.localPort) || ports.has(copy.remotePort))).toEqual([]);
  });
});
