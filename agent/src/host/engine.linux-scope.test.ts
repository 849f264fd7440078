// An agent inside a namespace: it sees its own sockets and leaves those of all others to the host's agent.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacks, skipsHere, Talker } from './engine.linux-traffic.ts';

const skipped = skipsHere('the scope of the kernel engine') || lacks('the scope of the kernel engine', 'ip');
const name = `ft-scope-${process.pid}`;

/** Talks in the namespace that it runs in, once with the engine of this process and once without. */
const inside = `
const { openKernelEngine } = await import(${JSON.stringify(new URL('engine.linux.ts', import.meta.url).href)});
const { createInterface } = await import('node:readline');
const engine = openKernelEngine({ scope: 'namespace' });
console.log(JSON.stringify(engine.features));
const seen = [];
const note = (flow) => seen.push({ cookie: flow.cookie, owner: flow.owner()?.pid });
createInterface(process.stdin).once('line', () => {
  engine.drain({ closed: note, payload: () => undefined });
  engine.readFlows(note);
  engine.cookies((cookie) => seen.push({ cookie }));
  console.log(JSON.stringify(seen));
  process.exit(0);
});
`;
const talk = `
say(0); wait()
l = listen(); c = socket.create_connection(l.getsockname()); s, _ = l.accept(); c.send(b'x'); receive(s, 1)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0)); u.sendto(b'x', u.getsockname())
d = socket.create_connection(l.getsockname()); e, _ = l.accept(); out = [cookie(x) for x in (l, c, s, u, d, e)]; d.close(); e.close()
say(out); wait()
`;

describe.skipIf(skipped)('the scope of a namespace', () => {
  beforeAll(() => {
    execFileSync('ip', ['netns', 'add', name]);
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  });
  afterAll(() => {
    execFileSync('ip', ['netns', 'delete', name]);
  });

  // The first hides the control groups behind a fresh /sys.
  it.each([
    ['ip', 'netns', 'exec', name],
    ['nsenter', `--net=/run/netns/${name}`],
  ])('holds the sockets of that namespace only, new and old (%s)', async (...through) => {
    await using own = new Talker(talk, { through });
    await using foreign = new Talker(talk);
    await Promise.all([own.answer(), foreign.answer()]);
    await using engine = new Talker('', { through: [...through, process.execPath, '-e', inside, '--'] });
    const features = await engine.answer<{ available: boolean }[]>();
    expect(features.filter(({ available }) => !available)).toEqual([]);
    own.tell();
    foreign.tell();
    const [mine, others] = [await own.answer<number[]>(), await foreign.answer<number[]>()];
    engine.tell();
    const seen = await engine.answer<{ cookie: number; owner?: number }[]>();
    const cookies = new Set(seen.map(({ cookie }) => cookie));
    expect(mine.filter((cookie) => !cookies.has(cookie))).toEqual([]);
    expect(others.filter((cookie) => cookies.has(cookie))).toEqual([]);
    expect(seen.find(({ cookie }) => cookie === mine[4])).toMatchObject({ owner: own.pid });
  });
});
