// Whose a connection is, however its socket came to the process: connected, accepted, inherited, passed on, or only closed.
import { OwnerRule } from '@foretop/proto';
import { describe, expect, it } from 'vitest';
import { skipsHere, Talker, Watch } from './engine.linux-traffic.ts';

const skipped = skipsHere('the owners of the kernel engine');

describe.skipIf(skipped)('owners', () => {
  it('names the process of every one of 500 short connections, with its exact bytes', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
l = listen(backlog=1000); u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0)); out = []
for i in range(250):
    c = socket.create_connection(l.getsockname()); s, _ = l.accept(); n = i % 7
    c.send(b'q' * 10); s.recv(10); s.send(b'r' * n); out += [[cookie(c), 10, n], [cookie(s), n, 10]]; c.close(); s.close()
    d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); d.sendto(b'q' * 11, u.getsockname()); data, peer = u.recvfrom(99)
    u.sendto(b'r' * 5, peer); d.recv(99); out.append([cookie(d), 11, 5]); d.close()
say(out); wait()
`);
    const wanted = await talker.answer<[number, number, number][]>();
    const ended = await watch.ended(wanted.map(([cookie]) => cookie));
    const found = wanted.map(([cookie]) => {
      const [flow, ...more] = ended.get(cookie) ?? [];
      return [more.length, flow?.txBytes, flow?.rxBytes, flow?.owner?.pid, flow?.owner?.comm];
    });
    expect(found).toEqual(wanted.map(([, sent, received]) => [0, sent, received, talker.pid, 'python3']));
    expect(watch.engine.counters()).toMatchObject({ eventsLost: 0, flowsRefused: 0, ownersRefused: 0 });
  });

  it('names the worker that accepted, not the parent that listens', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
l = listen(); worker = os.fork()
if worker == 0:
    s, _ = l.accept(); s.recv(9); s.close(); os._exit(0)
c = socket.create_connection(l.getsockname()); port = c.getsockname()[1]; c.send(b'x'); c.recv(1); c.close(); os.wait()
say([worker, port]); wait()
`);
    const [worker, port] = await talker.answer<[number, number]>();
    await expect.poll(() => watch.closed.find((flow) => flow.remotePort === port)).toBeDefined();
    const accepted = watch.closed.find((flow) => flow.remotePort === port)!;
    expect(accepted).toMatchObject({ role: 'passive', owner: { pid: worker, rule: OwnerRule.OWNER_RULE_ACCEPT } });
  });

  it('names whoever closed it, or whoever listened, when nobody asked for the peer’s name', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
import ctypes
libc = ctypes.CDLL(None); l = listen(); one = socket.create_connection(l.getsockname()); p1 = one.getsockname()[1]
worker = os.fork()
if worker == 0:
    fd = libc.accept4(l.fileno(), None, None, 0); os.read(fd, 1); os.close(fd); os._exit(0)
one.send(b'x'); one.recv(1); one.close(); os.wait()
two = socket.create_connection(l.getsockname()); p2 = two.getsockname()[1]; l.close(); time.sleep(.1); two.close()
say([worker, p1, p2]); wait()
`);
    const [worker, closedBy, never] = await talker.answer<[number, number, number]>();
    const at = (port: number) => watch.closed.find((flow) => flow.remotePort === port && flow.role === 'passive');
    await expect.poll(() => at(closedBy) && at(never)).toBeDefined();
    expect(at(closedBy)!.owner).toMatchObject({ pid: worker, rule: OwnerRule.OWNER_RULE_CLOSE });
    expect(at(never)!.owner).toMatchObject({ pid: talker.pid, rule: OwnerRule.OWNER_RULE_LISTENER });
  });

  it('keeps to who used a descriptor first when it is passed on', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
here, there = socket.socketpair(socket.AF_UNIX); l = listen()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0))
child = os.fork()
if child == 0:
    _, fds, _, _ = socket.recv_fds(there, 9, 2)
    tcp = socket.socket(fileno=fds[0]); udp = socket.socket(fileno=fds[1])
    tcp.send(b'from the child'); udp.sendto(b'first', u.getsockname()); tcp.close(); udp.close(); there.send(b'.'); os._exit(0)
tcp = socket.create_connection(l.getsockname()); udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out = [child, cookie(tcp), cookie(udp)]
socket.send_fds(here, [b'x'], [tcp.fileno(), udp.fileno()]); tcp.close(); here.recv(1)
udp.sendto(b'second', u.getsockname()); udp.close(); os.wait(); say(out); wait()
`);
    const [child, tcp, udp] = await talker.answer<[number, number, number]>();
    const ended = await watch.ended([tcp, udp]);
    const connected = OwnerRule.OWNER_RULE_CONNECT;
    expect(ended.get(tcp)).toMatchObject([{ txBytes: 14, owner: { pid: talker.pid, rule: connected } }]);
    expect(ended.get(udp)).toMatchObject([{ txBytes: 11, owner: { pid: child, rule: connected } }]);
  });

  it('knows who made a listener, until it is closed', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`l = listen(); say(cookie(l)); wait(); l.close(); say(0); wait()`);
    const listener = await talker.answer<number>();
    expect(watch.engine.ownerOf(listener)).toMatchObject({
      pid: talker.pid,
      uid: 0,
      rule: OwnerRule.OWNER_RULE_CREATE,
    });
    const cookies = new Set<number>();
    watch.engine.cookies((cookie) => cookies.add(cookie));
    expect(cookies).toContain(listener);
    talker.tell();
    await talker.answer();
    expect(watch.engine.ownerOf(listener)).toBeUndefined();
  });

  it('forgets what it is told to', async () => {
    await using watch = new Watch();
    await using talker = new Talker(`
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0)); u.sendto(b'x', u.getsockname())
l = listen(); c = socket.create_connection(l.getsockname()); say([cookie(u), cookie(c)]); wait()
`);
    const sockets = await talker.answer<number[]>();
    for (const cookie of sockets) watch.engine.forget(cookie);
    watch.open();
    const left = new Set<number>();
    watch.engine.cookies((cookie) => left.add(cookie));
    expect(sockets.filter((cookie) => left.has(cookie))).toEqual([]);
  });
});
