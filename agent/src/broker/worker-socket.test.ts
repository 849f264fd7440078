// The broker against workers that lie: each costs its connection and its life, nothing else.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { limits } from '@foretop/proto';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openLibc } from '../host/linux/libc.ts';
import { renounceForChildren } from './privileges.ts';
import { WorkerSocket } from './worker-socket.ts';

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
if (!isLinux) console.warn('workers: not tested, they run on Linux only');

/** What a hostile worker can write without any of our code: `frame(kind, body, length it claims)`. */
const prelude = `
  const { writeSync } = require('node:fs');
  const frame = (kind, body = '', length = Buffer.byteLength(body)) => {
    const header = Buffer.alloc(5);
    header.writeUInt32LE(length, 0);
    header.writeUInt8(kind, 4);
    writeSync(1, Buffer.concat([header, Buffer.from(body)]));
  };
  const ready = () => frame(17, '{"user":65534,"seesData":false}');
  const count = (bytes) => { const four = Buffer.alloc(4); four.writeUInt32LE(bytes); return four; };
  setInterval(() => undefined, 1_000);`;

/** Without rights, unless `user` is one that has some. */
function launch(script: string, user = isRoot ? 65_534 : undefined): ChildProcess {
  renounceForChildren(openLibc());
  const options = { stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'], cwd: '/' };
  return spawn(
    process.execPath,
    ['-e', prelude + script],
    user === undefined ? options : { ...options, uid: user, gid: user },
  );
}

function connect(script: string, user?: number) {
  let child: ChildProcess | undefined;
  const told: string[] = [];
  const logs: string[] = [];
  const socket = new WorkerSocket(
    {
      launch: () => (child = launch(script, user)),
      log: pino({}, { write: (line: string) => void logs.push(line) }),
      onReady: () => told.push('ready'),
      onUnfit: (why, isRefusal) => told.push(`unfit: ${why} ${isRefusal}`),
      onEnd: () => told.push('end'),
    },
    { url: 'ws://127.0.0.1:9/agent', handshakeMs: 1_000, maxMessageBytes: limits.frameBytes },
    {
      opened: () => told.push('opened'),
      message: (data) => told.push(`message of ${data.length}`),
      heard: () => told.push('heard'),
      answered: (status) => told.push(`answered ${status}`),
      failed: (reason) => told.push(`failed: ${reason}`),
      closed: (code) => told.push(`closed ${code}`),
    },
  );
  onTestFinished(() => socket.terminate());
  const over = () => vi.waitFor(() => expect(told.at(-1)).toMatch(/^closed/), { timeout: 15_000, interval: 10 });
  return { socket, told, logs, over, pid: () => child!.pid! };
}

const attacks: [string, string, RegExp][] = [
  ['noise', `writeSync(1, Buffer.alloc(100_000, 0x5a));`, /unknown kind 90/],
  ['a forged length', `ready(); frame(19); frame(20, 'x', 0xffffffff);`, /4294967295 bytes, at most 1048576/],
  [
    'a message longer than any may be',
    `ready(); frame(19); frame(20, 'x', ${limits.frameBytes + 1});`,
    /at most 1048576/,
  ],
  ['a message before the connection', `ready(); frame(20, 'x');`, /kind 20 while dialling/],
  ['a message before it may dial', `frame(20, 'x');`, /kind 20 while starting/],
  ['a second opening', `ready(); frame(19); frame(19);`, /kind 19 while open/],
  ['being ready twice', `ready(); ready();`, /kind 17 while dialling/],
  ['an order instead of a report', `frame(2, 'x');`, /unknown kind 2/],
  ['more bytes sent than it got', `ready(); frame(19); frame(23, count(1));`, /bytes that it never had/],
  ['a count without a number', `ready(); frame(19); frame(23);`, /bytes that it never had/],
  ['a state that is none', `frame(17, '{}');`, /something else than its state/],
  ['a state that is no JSON', `frame(17, '{');`, /something else than its state/],
  ['an end without a code', `ready(); frame(26, 'x');`, /without its number/],
  ['a closed channel, running on', `ready(); require('node:fs').closeSync(1);`, /it ended \(SIGKILL\)/],
  ['an end of its own', `process.exit(7);`, /it ended \(code 7\)/],
];

describe.skipIf(!isLinux)('a worker that sends', () => {
  it.each(attacks)('%s is ended, and its connection with it', async (_, script, reason) => {
    const { told, over, pid } = connect(script);
    await over();
    expect(told.at(-1)).toBe('closed 1006');
    expect(told.find((line) => line.startsWith('failed'))).toMatch(reason);
    expect(told.filter((line) => line === 'end')).toHaveLength(1);
    expect(told.some((line) => line.startsWith('message'))).toBe(false);
    await vi.waitFor(() => expect(existsSync(`/proc/${pid()}`)).toBe(false), { timeout: 5_000 });
  });

  it('pages of complaints is cut short, and what it said is logged', async () => {
    const { logs, over } = connect(`writeSync(2, 'x'.repeat(1_000_000)); ready(); frame(20, 'x');`);
    await over();
    const said = logs.map((line) => JSON.parse(line) as { said?: string }).find((line) => line.said);
    expect(said!.said!.length).toBeLessThanOrEqual(4_096);
  });

  it('messages and reads none holds nothing but its own connection up', async () => {
    const { socket, told, pid } = connect(`ready(); frame(19); frame(20, 'hello');`);
    await vi.waitFor(() => expect(told).toContain('message of 5'), { timeout: 15_000 });
    for (let i = 0; i < 100; i++) socket.send(new Uint8Array(100_000));
    expect(socket.bufferedAmount).toBeGreaterThan(9_900_000);
    socket.terminate();
    await vi.waitFor(() => expect(told.at(-1)).toBe('closed 1006'));
    await vi.waitFor(() => expect(existsSync(`/proc/${pid()}`)).toBe(false), { timeout: 5_000 });
  });

  it.skipIf(!isRoot)(
    'that it is ready, with rights left, is believed by nobody (needs root, to have any)',
    async () => {
      const { told, over } = connect(`ready(); frame(19);`, 0);
      await over();
      expect(told).toEqual([
        expect.stringMatching(/^unfit: CapPrm is [0-9a-f]+, 0 is required true$/),
        expect.stringContaining('cannot give up its rights'),
        'end',
        'closed 1006',
      ]);
    },
  );
});
