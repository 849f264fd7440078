// The kernel engine at its limits: full maps and buffers, missing rights, and what is left when it is gone.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { EngineFeature } from './engine.ts';
import { lacks, skipsHere, Talker, Watch } from './engine.linux-traffic.ts';

const skipped = skipsHere('the limits of the kernel engine');

describe.skipIf(skipped)('limits', () => {
  it('counts flows and owners that do not fit', async () => {
    await using watch = new Watch({ maxEntries: { tcp_flows: 64, udp_flows: 64, owners: 64 } });
    await using talker = new Talker(`
l = listen(backlog=500); keep = []
for i in range(200): keep.append(socket.create_connection(l.getsockname()))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(200): u.sendto(b'x', ('127.0.0.1', 20000 + i))
say(0); wait()
`);
    await talker.answer();
    const { flowsRefused, ownersRefused, flows, owners } = watch.engine.counters();
    expect(flowsRefused).toBeGreaterThanOrEqual(200 * 3 - 128);
    expect(ownersRefused).toBeGreaterThanOrEqual(200 - 64);
    expect(flows).toBeLessThanOrEqual(128);
    expect(owners).toBeLessThanOrEqual(64);
  });

  it('loses no connection when the ring buffer is full: the rest ends late, and what was lost is counted', async () => {
    await using watch = new Watch({ maxEntries: { events: 4096 * 4 }, drainMs: 60_000 });
    await using talker = new Talker(`
l = listen(); out = []
for i in range(300):
    c = socket.create_connection(l.getsockname()); s, _ = l.accept(); c.send(b'x' * i); receive(s, i); out.append(cookie(c)); c.close(); s.close()
d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); d.bind(('127.0.0.56', 5355))
for i in range(50): d.sendto(b'x' * 500, ('127.0.0.1', 5))
say(out); wait()
`);
    const cookies = await talker.answer<number[]>();
    watch.open();
    const ended = await watch.ended(cookies);
    expect(cookies.map((cookie) => ended.get(cookie)?.map(({ txBytes }) => txBytes))).toEqual(
      cookies.map((_, i) => [i]),
    );
    expect(ended.get(cookies[299]!)![0]!.owner?.pid).toBe(talker.pid);
    expect(watch.engine.counters().eventsLost).toBeGreaterThan(0);
  });

  it('keeps its maps at the size of what lives', async () => {
    await using watch = new Watch();
    const before = watch.engine.counters();
    await using talker = new Talker(`
l = listen(backlog=500)
for i in range(2000):
    c = socket.create_connection(l.getsockname()); s, _ = l.accept(); c.close(); s.close()
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.sendto(b'x', ('127.0.0.1', 9)); u.sendto(b'x', ('127.0.0.1', 10)); u.close()
l.close(); say(0); wait()
`);
    await talker.answer();
    await sleep(200);
    const after = watch.engine.counters();
    // Others on this machine talk too.
    expect(after.flows - before.flows).toBeLessThan(300);
    expect(after.owners - before.owners).toBeLessThan(300);
  });

  it('does nothing more once it is disposed of', async () => {
    const watch = new Watch();
    await watch[Symbol.asyncDispose]();
    const { engine } = watch;
    let visits = 0;
    const visit = () => void visits++;
    engine.readFlows(visit);
    engine.readScans(visit);
    engine.cookies(visit);
    engine.forget(1);
    engine.capture({ dns: true, tls: true, quic: true });
    expect(engine.drain({ closed: visit, payload: visit })).toBe(0);
    expect(engine.ownerOf(1)).toBeUndefined();
    expect(engine.counters().eventsLost).toBeTypeOf('number');
    expect(visits).toBe(0);
  });

  it('leaves no program, map or descriptor behind', async () => {
    const own = () => readdirSync('/proc/self/fd').length;
    const before = own();
    for (let i = 0; i < 3; i++) {
      await using watch = new Watch();
      watch.open();
      expect(watch.engine.features.every(({ available }) => available)).toBe(true);
      expect(own()).toBeGreaterThan(before + 20);
    }
    expect(own()).toBe(before);
    // A killed process: the kernel takes back what only its descriptors held.
    const killed = spawnSync(process.execPath, ['-e', `${opening}; process.kill(process.pid, 'SIGKILL')`], {
      encoding: 'utf8',
    });
    expect(killed.signal).toBe('SIGKILL');
    const ids = JSON.parse(killed.stdout) as { links: string[] };
    expect(ids.links.length).toBeGreaterThanOrEqual(11);
    await sleep(300);
    expect(ids.links.filter((id) => linkExists(id))).toEqual([]);
  });
});

const opening = `
const { openKernelEngine } = await import(${JSON.stringify(new URL('engine.linux.ts', import.meta.url).href)});
const { readdirSync, readFileSync, writeSync } = await import('node:fs');
try {
  const engine = openKernelEngine({ scope: 'machine' });
  const links = readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    try { return /^link_id:\\s*(\\d+)/m.exec(readFileSync('/proc/self/fdinfo/' + fd, 'utf8'))?.[1] ?? []; } catch { return []; }
  });
  writeSync(1, JSON.stringify({ features: engine.features, links }));
} catch (error) { writeSync(1, JSON.stringify({ message: error.message, remedy: error.remedy })); }
`;

function linkExists(id: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => linksOf(pid).includes(id));
}

function linksOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
      const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
      return /^link_id:\s*(\d+)/m.exec(text)?.[1] ?? [];
    });
  } catch {
    return [];
  }
}

/** What the engine says of itself with only these capabilities. */
function openWith(capabilities: string[]): { features?: EngineFeature[]; message?: string; remedy?: string } {
  const caps = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  const args = ['--bounding-set', caps, '--inh-caps', caps, process.execPath, '-e', opening];
  return JSON.parse(execFileSync('setpriv', args, { encoding: 'utf8' }));
}

describe.skipIf(skipped || lacks('missing rights', 'setpriv'))('missing rights', () => {
  it('says which capability is missing when nothing can be attached', () => {
    expect(openWith([])).toMatchObject({
      message: expect.stringContaining('CAP_BPF'),
      remedy: expect.stringContaining('CAP_BPF'),
    });
  });

  it('names by feature what is missing with CAP_BPF alone', () => {
    const { message, remedy } = openWith(['bpf']);
    expect(message).toContain('CAP_NET_ADMIN');
    expect(remedy).toContain('CAP_NET_ADMIN');
  });

  it('does everything but look at packets without CAP_NET_RAW', () => {
    const { features } = openWith(['bpf', 'net_admin', 'perfmon']);
    expect(features!.filter(({ available }) => !available)).toMatchObject([
      { name: 'scans', reason: expect.stringContaining('CAP_NET_RAW'), remedy: expect.stringContaining('CAP_NET_RAW') },
    ]);
  });

  it('names nobody inside a PID namespace, and says so', () => {
    const args = ['--pid', '--fork', process.execPath, '-e', opening];
    const { features } = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' })) as {
      features: EngineFeature[];
    };
    const missing = features.filter(({ available }) => !available);
    expect(missing.map(({ name }) => name)).toEqual(['owners', 'accepted']);
    expect(missing[0]).toMatchObject({
      reason: expect.stringContaining('PID namespace'),
      remedy: expect.stringContaining('host’s'),
    });
  });

  it('does without CAP_PERFMON', () => {
    const { features } = openWith(['bpf', 'net_admin', 'net_raw']);
    expect(features!.filter(({ available }) => !available)).toEqual([]);
  });
});
