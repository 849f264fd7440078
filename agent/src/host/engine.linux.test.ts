// Counters of the kernel engine against what programs really sent, on this very kernel.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacks, skipsHere, Talker, Watch } from './engine.linux-traffic.ts';

const skipped = skipsHere('the counters of the kernel engine');

/** Each way in which a TCP connection can end, with several amounts both ways; prints [what, client, server, sent, received]. */
const endings = `
def pair(family, address):
    l = listen(address, family); c = socket.socket(family, socket.SOCK_STREAM); c.connect(l.getsockname()[:2])
    s, _ = l.accept(); l.close(); return c, s
def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close()
def run(how, family, address, up, down):
    c, s = pair(family, address); said = [how, cookie(c), cookie(s), up, down]
    def serve():
        receive(s, up)
        if how == 'half-closed': assert s.recv(1) == b''
        s.sendall(b'y' * down)
        if how == 'server first': s.close()
    t = threading.Thread(target=serve); t.start()
    c.sendall(b'x' * up)
    if how == 'half-closed': c.shutdown(socket.SHUT_WR)
    if how == 'unread':
        t.join(); time.sleep(.08); c.close(); time.sleep(.02); s.close(); return said
    receive(c, down); t.join()
    if how == 'client first': c.close(); s.close()
    elif how == 'server first': c.close()
    elif how == 'half-closed': s.close(); c.close()
    elif how == 'late': c.close(); time.sleep(.1); s.close()
    elif how == 'reset by client': time.sleep(.08); reset(c); time.sleep(.02); s.close()
    elif how == 'reset by server': time.sleep(.08); reset(s); time.sleep(.02); c.close()
    elif how == 'both at once':
        barrier = threading.Barrier(2)
        def end(x): barrier.wait(); x.close()
        both = [threading.Thread(target=end, args=(x,)) for x in (c, s)]
        [x.start() for x in both]; [x.join() for x in both]
    return said
ways = ['client first', 'server first', 'half-closed', 'late', 'reset by client', 'reset by server', 'both at once', 'unread']
say([run(how, family, address, up, down)
    for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'))
    for how in ways for up, down in ((0, 0), (1, 0), (0, 1), (10, 20), (70000, 123457), (3000000, 1)) if how != 'unread' or down])
`;

describe.skipIf(skipped)('TCP', () => {
  it('counts payload to the byte however the connection ends', async () => {
    await using watch = new Watch();
    await using talker = new Talker(endings);
    const runs = await talker.answer<[string, number, number, number, number][]>();
    const ended = await watch.ended(runs.flatMap(([, client, server]) => [client, server]));
    const expected = runs.flatMap(([how, client, server, up, down]) => [
      { how, cookie: client, role: 'active', flows: [[up, down]], pid: talker.pid },
      { how, cookie: server, role: 'passive', flows: [[down, up]], pid: talker.pid },
    ]);
    const found = expected.map(({ how, cookie }) => {
      const flows = ended.get(cookie) ?? [];
      const [first] = flows;
      const counts = flows.map(({ txBytes, rxBytes }) => [txBytes, rxBytes]);
      return { how, cookie, role: first?.role, flows: counts, pid: first?.owner?.pid };
    });
    expect(found).toEqual(expected);
  });

  it('reads open connections to the byte once they are quiet, each only when it changed', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
l = listen(); c = socket.create_connection(l.getsockname()); s, _ = l.accept()
c.sendall(b'x' * 500000); receive(s, 500000); s.sendall(b'y' * 333)
receive(c, 333); say([cookie(c), cookie(s)]); wait(); c.sendall(b'z'); receive(s, 1); say(0); wait()
`);
    const [client, server] = await talker.answer<[number, number]>();
    await sleep(300); // delayed acknowledgements
    const read = () => watch.open().filter(({ cookie }) => cookie === client || cookie === server);
    const counts = () => new Map(read().map((flow) => [flow.cookie, [flow.txBytes, flow.rxBytes]]));
    expect(counts()).toEqual(
      new Map([
        [client, [500_000, 333]],
        [server, [333, 500_000]],
      ]),
    );
    await sleep(100);
    expect(counts().size).toBe(0);
    talker.tell();
    await talker.answer();
    await sleep(300);
    expect(counts()).toEqual(
      new Map([
        [client, [500_001, 333]],
        [server, [333, 500_001]],
      ]),
    );
  });

  it('tells of what began since the last reading, as often as it is asked, and reads it all the same', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
l = listen(); old = socket.create_connection(l.getsockname()); say(cookie(old)); wait()
c = socket.create_connection(l.getsockname()); old.sendall(b'x'); c.sendall(b'x' * 5); say(cookie(c)); wait()
`);
    const old = await talker.answer<number>();
    await sleep(50);
    watch.open();
    talker.tell();
    const begun = await talker.answer<number>();
    const fresh = () => {
      const seen: number[] = [];
      watch.engine.readNewFlows(({ cookie, txBytes }) => {
        if (cookie === begun && txBytes === 5) seen.push(cookie);
        if (cookie === old) seen.push(old);
      });
      return seen;
    };
    expect([fresh(), fresh()]).toEqual([[begun], [begun]]);
    expect(watch.open().map(({ cookie }) => cookie)).toEqual(expect.arrayContaining([old, begun]));
    await sleep(50);
    watch.open();
    expect(fresh()).toEqual([]);
  });

  it('counts from its own beginning what began before, and ends it', async () => {
    await using talker = new Talker(`
l = listen(); c = socket.create_connection(l.getsockname()); s, _ = l.accept()
c.sendall(b'x' * 1000); receive(s, 1000); say([cookie(c), cookie(s)]); wait()
c.sendall(b'x' * 70001); receive(s, 70001); s.sendall(b'y' * 5); receive(c, 5); say(0); wait(); c.close(); s.close(); say(0); wait()
`);
    const [client, server] = await talker.answer<[number, number]>();
    await sleep(100);
    await using watch = new Watch();
    talker.tell();
    await talker.answer();
    await sleep(300);
    const flow = watch.open().find(({ cookie }) => cookie === client)!;
    expect(flow).toMatchObject({ txBytes: 70_001, rxBytes: 5, role: 'unknown', owner: undefined });
    talker.tell();
    await talker.answer();
    await sleep(5_500);
    watch.open();
    const ended = await watch.ended([client, server]);
    expect(ended.get(client)).toMatchObject([{ txBytes: 70_001, rxBytes: 5, owner: { pid: talker.pid } }]);
    expect(ended.get(server)).toMatchObject([{ txBytes: 5, rxBytes: 70_001, owner: { pid: talker.pid } }]);
  });
});

describe.skipIf(skipped)('UDP', () => {
  it('counts each peer of a socket to the byte, segmented packets too, and ends all of them with the socket', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
out = []
for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
    servers = []
    for i in range(5):
        s = socket.socket(family, socket.SOCK_DGRAM); s.bind((address, 0)); servers.append(s)
    c = socket.socket(family, socket.SOCK_DGRAM)
    for i, s in enumerate(servers):
        for n in range(i + 1):
            c.sendto(b'q' * (100 + i), s.getsockname()[:2]); data, peer = s.recvfrom(2000); s.sendto(b'r' * 7, peer); c.recv(100)
    one = socket.socket(family, socket.SOCK_DGRAM); one.connect(servers[0].getsockname()[:2])
    one.setsockopt(17, 103, 1000)  # UDP_SEGMENT
    for n in range(3): one.send(b'g' * 9500)
    for n in range(30): servers[0].recv(2000)
    one.setsockopt(17, 103, 0); one.send(b'f' * 40000); servers[0].recv(65000)  # fragments
    out.append([cookie(c), cookie(one), [s.getsockname()[1] for s in servers]])
    c.close(); one.close(); [s.close() for s in servers]
say(out)
`);
    for (const [many, one, ports] of await talker.answer<[number, number, number[]][]>()) {
      const ended = await watch.ended([many, one]);
      const peers = ended.get(many)!.sort((a, b) => ports.indexOf(a.remotePort) - ports.indexOf(b.remotePort));
      expect(peers).toMatchObject(
        ports.map((remotePort, i) => ({
          remotePort,
          txBytes: (i + 1) * (100 + i),
          rxBytes: (i + 1) * 7,
          txPackets: i + 1,
          rxPackets: i + 1,
          role: 'active',
          owner: { pid: talker.pid },
        })),
      );
      expect(ended.get(one)).toMatchObject([{ txBytes: 3 * 9500 + 40_000, txPackets: 31, rxBytes: 0 }]);
    }
  });

  it('finds the payload behind IPv6 extension headers', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(('::1', 0)); c = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
padding = bytes([0, 0, 1, 4, 0, 0, 0, 0])
for option in (54, 59, 55): c.setsockopt(socket.IPPROTO_IPV6, option, padding)  # hop-by-hop, destination before and behind routing
c.connect(s.getsockname()[:2]); c.send(b'x' * 1234); s.recv(2000); say([cookie(c), cookie(s)]); c.close(); s.close(); wait()
`);
    const [client, server] = await talker.answer<[number, number]>();
    const ended = await watch.ended([client, server]);
    expect(ended.get(client)).toMatchObject([{ txBytes: 1234, txIpBytes: 40 + 16 + 8 + 1234 }]);
    expect(ended.get(server)).toMatchObject([{ rxBytes: 1234, rxIpBytes: 40 + 16 + 8 + 1234 }]);
  });

  it('ends what has been silent, and counts on when it speaks again', async () => {
    await using watch = new Watch({ udpIdleMs: 300 });
    await using talker = new Talker(`
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0))
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.sendto(b'a' * 10, s.getsockname()); say(cookie(c)); wait()
c.sendto(b'a' * 4, s.getsockname()); c.close(); say(0); wait()
`);
    const client = await talker.answer<number>();
    await sleep(500);
    watch.open();
    expect((await watch.ended([client])).get(client)).toMatchObject([{ txBytes: 10 }]);
    watch.closed.length = 0;
    talker.tell();
    await talker.answer();
    expect((await watch.ended([client])).get(client)).toMatchObject([{ txBytes: 4 }]);
  });
});

describe.skipIf(skipped || lacks('traffic between network namespaces', 'ip'))('between network namespaces', () => {
  const names = [`ft-a-${process.pid}`, `ft-b-${process.pid}`] as const;
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  beforeAll(() => {
    for (const name of names) ip('netns', 'add', name);
    ip('link', 'add', 'veth0', 'netns', names[0], 'type', 'veth', 'peer', 'name', 'veth0', 'netns', names[1]);
    names.forEach((name, i) => {
      ip('-n', name, 'addr', 'add', `10.83.0.${i + 1}/24`, 'dev', 'veth0');
      ip('-n', name, 'addr', 'add', `fd83::${i + 1}/64`, 'dev', 'veth0', 'nodad');
      // Packets of more than 64 KB (BIG TCP).
      ip('-n', name, 'link', 'set', 'veth0', 'gso_max_size', '185000', 'gro_max_size', '185000');
      ip('-n', name, 'link', 'set', 'veth0', 'up');
    });
  });
  afterAll(() => {
    for (const name of names) ip('netns', 'delete', name);
  });

  const server = `
address = sys.argv[1]; family = socket.AF_INET6 if ':' in address else socket.AF_INET
l = listen(address, family); u = socket.socket(family, socket.SOCK_DGRAM); u.bind((address, 0))
say([l.getsockname()[1], u.getsockname()[1]])
s, _ = l.accept(); receive(s, 5000003); s.sendall(b'y' * 777777); sc = cookie(s); s.recv(1); s.close()
for i in range(100): data, peer = u.recvfrom(2000); u.sendto(data[:3], peer)
say([sc, cookie(u)]); u.close(); wait()
`;
  const client = `
address, tcp, udp = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
c = socket.create_connection((address, tcp)); c.sendall(b'x' * 5000003); receive(c, 777777); cc = cookie(c); c.close()
u = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM); u.connect((address, udp))
for i in range(100): u.send(b'x' * (1000 + i)); u.recv(100)
say([cc, cookie(u)]); u.close(); wait()
`;
  it.each(['10.83.0.1', 'fd83::1'])('counts both ends to the byte over %s', async (address) => {
    await using watch = new Watch();
    const within = (name: string) => ({ through: ['ip', 'netns', 'exec', name] });
    await using serving = new Talker(server, { ...within(names[0]), args: [address] });
    const ports = await serving.answer<[number, number]>();
    await using asking = new Talker(client, { ...within(names[1]), args: [address, ...ports] });
    const [tcpClient, udpClient] = await asking.answer<[number, number]>();
    const [tcpServer, udpServer] = await serving.answer<[number, number]>();
    const ended = await watch.ended([tcpClient, udpClient, tcpServer, udpServer]);
    const sent = 100 * 1000 + (100 * 99) / 2;
    expect(ended.get(tcpClient)).toMatchObject([{ txBytes: 5_000_003, rxBytes: 777_777, owner: { pid: asking.pid } }]);
    expect(ended.get(tcpServer)).toMatchObject([{ txBytes: 777_777, rxBytes: 5_000_003, owner: { pid: serving.pid } }]);
    expect(ended.get(udpClient)).toMatchObject([{ txBytes: sent, rxBytes: 300, rxPackets: 100, txPackets: 100 }]);
    expect(ended.get(udpServer)).toMatchObject([{ txBytes: 300, rxBytes: sent, owner: { pid: serving.pid } }]);
    expect(ended.get(tcpClient)![0]!.rttUs).toBeGreaterThan(0);
    expect(ended.get(tcpClient)![0]!.txIpBytes).toBeGreaterThan(5_000_003 + 20 * 3_000);
  });

  it.skipIf(lacks('lost packets', 'tc'))('counts payload once, however often it is sent again', async () => {
    for (const name of names)
      execFileSync('tc', ['-n', name, ...'qdisc add dev veth0 root tbf rate 40mbit burst 16k limit 16k'.split(' ')]);
    await using watch = new Watch();
    const address = '10.83.0.1';
    const within = (name: string) => ({ through: ['ip', 'netns', 'exec', name] });
    await using serving = new Talker(server, { ...within(names[0]), args: [address] });
    const ports = await serving.answer<[number, number]>();
    await using asking = new Talker(client, { ...within(names[1]), args: [address, ...ports] });
    const [tcpClient] = await asking.answer<[number]>();
    const [tcpServer] = await serving.answer<[number]>();
    const ended = await watch.ended([tcpClient, tcpServer]);
    expect(ended.get(tcpClient)).toMatchObject([{ txBytes: 5_000_003, rxBytes: 777_777 }]);
    expect(ended.get(tcpServer)).toMatchObject([{ txBytes: 777_777, rxBytes: 5_000_003 }]);
    const { retransmissions, txIpBytes } = ended.get(tcpClient)![0]!;
    expect(retransmissions).toBeGreaterThan(0);
    expect(txIpBytes).toBeGreaterThan(5_000_003 + 52 * 3_000);
  });
});
