// Captures of known traffic in network namespaces: what is cut, what is counted, how they end, and that tshark reads them.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tcpEndsOf } from '../../agent/src/host/open-sockets.linux.ts';
import { look } from '../../agent/src/tools/test-run.ts';
import { type CaptureWire, openCaptureWire, startDownloads } from '../harness/capture-wire.ts';
import { beginCapture, captureOf, commandMissing, packetsIn } from '../harness/capturing.ts';
import { Child, repository } from '../harness/child.ts';
import { namespacesMissing } from '../harness/network-namespace.ts';
import { inNamespace } from '../harness/routed-hosts.ts';
import { frames, mark } from '../harness/test-capture-frames.ts';

const missing =
  process.platform === 'linux' ? (namespacesMissing() ?? commandMissing('sysctl')) : 'packet sockets are of Linux';
if (missing) console.warn(`Skipped lab/system/capture: ${missing}.`);
const tsharkMissing = commandMissing('tshark');
if (tsharkMissing) console.warn(`Skipped the reading by tshark in lab/system/capture: ${tsharkMissing}.`);

describe.skipIf(missing)('a capture', () => {
  let lab: CaptureWire;
  beforeAll(() => void (lab = openCaptureWire()));
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const sendAll = () => {
    for (const frame of frames) expect(lab.sender.send(frame)).toBe(true);
  };

  test('of headers holds no byte of what packets carry, of whatever sort they are', { timeout: 60_000 }, async () => {
    const [one, all] = [await beginCapture({ interface: 'wire' }), await beginCapture({})];
    sendAll();
    // And of what lies about itself: each byte of each frame's headers, changed.
    let sent = frames.length;
    for (const frame of frames)
      for (let at = 12; at < Math.min(frame.length, 60); at += 3)
        for (const value of [0x00, 0x4f, 0xf0, 0xff]) {
          const lie = frame.slice();
          if (mark.includes(String.fromCharCode(lie[at]!, lie[at + 1] ?? 0))) continue;
          lie[at] = value;
          if (lab.sender.send(lie)) sent++;
          if (sent % 200 === 0) await sleep(50);
        }
    await sleep(500);
    for (const ours of [one, all]) {
      ours.stop();
      const { file, ended } = await ours.ended;
      console.log(ended.detail);
      // On the other link the hosts may say something of their own.
      if (ours === one) expect(packetsIn(file)).toHaveLength(sent);
      else expect(packetsIn(file).length).toBeGreaterThanOrEqual(sent);
      expect(file.includes('PAYLOAD')).toBe(false);
      expect(file.includes('MARK')).toBe(false);
      if (ours === one && !tsharkMissing) expectReadable(file, sent);
    }
  });

  function expectReadable(file: Buffer, packets: number): void {
    const name = lab.path('ours.pcapng');
    writeFileSync(name, file);
    const { stdout, stderr, status } = spawnSync('tshark', ['-n', '-r', name, '-T', 'fields', '-e', 'frame.number'], {
      encoding: 'utf8',
    });
    const words = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
    expect([status, words]).toEqual([0, []]);
    expect(stdout.trim().split('\n')).toHaveLength(packets);
  }

  test.skipIf(tsharkMissing)('is a file that tshark reads, and says what was lost', { timeout: 60_000 }, async () => {
    const ours = await beginCapture({ interface: 'wire', filter: 'udp or tcp', content: 'payload' });
    sendAll();
    await sleep(300);
    ours.stop();
    const { file, ended } = await ours.ended;
    expectReadable(file, ended.summary['packets']!);
    const name = lab.path('ours.pcapng');
    writeFileSync(name, file);
    const told = spawnSync('capinfos', [name], { encoding: 'utf8' }).stdout;
    expect(told).toMatch(/File encapsulation:\s+Ethernet/);
    expect(told).toMatch(/Name = wire/);
    expect(told).toMatch(/Filter string = udp or tcp/);
    expect(told).toMatch(/Number of stat entries = 1/);
  });

  test(
    'of a flood takes what it can, counts what it cannot, and leaves the processor alone',
    { timeout: 60_000 },
    async () => {
      const ours = await beginCapture({ interface: 'wire', content: 'payload', maxBytes: 32 << 20 });
      const before = process.cpuUsage();
      const began = performance.now();
      await using flood = new Child('flood', ['lab/harness/frame-flood.ts', 'wire', '60000', '1200'], {
        networkNamespace: lab.far.name,
      });
      const [, count] = await flood.waitFor(/sent (\d+)/);
      await sleep(2_000);
      const { user, system } = process.cpuUsage(before);
      const seconds = (performance.now() - began) / 1_000;
      ours.stop();
      const { ended, file } = await ours.ended;
      const { packets = 0, droppedByKernel = 0, droppedByLimit = 0 } = ended.summary;
      const share = (user + system) / 1e6 / seconds;
      console.log(
        `${count} sent, ${ended.detail}: ${JSON.stringify(ended.summary)}, ${(share * 100).toFixed(0)} % of a processor`,
      );
      expect(packets + droppedByKernel + droppedByLimit).toBe(Number(count));
      expect(droppedByKernel).toBeGreaterThan(0);
      expect(packetsIn(file)).toHaveLength(packets);
      expect(share).toBeLessThan(0.5);
    },
  );

  test(
    'ends at its bytes, at its seconds, and when its interface is removed, and says so',
    { timeout: 60_000 },
    async () => {
      const small = await beginCapture({ interface: 'wire', content: 'payload', maxBytes: 4_000 });
      inNamespace(lab.near, 'ip', 'link', 'add', 'brief', 'type', 'veth', 'peer', 'name', 'brief2');
      inNamespace(lab.near, 'ip', 'link', 'set', 'brief', 'up');
      const removed = await beginCapture({ interface: 'brief' });
      const short = await beginCapture({ interface: 'wire', maxSeconds: 2 });
      sendAll();
      const [bytes, time] = [await small.ended, await short.ended];
      expect(bytes.ended).toMatchObject({
        outcome: 'limit',
        detail: expect.stringContaining('its limit of 4,000 bytes'),
      });
      expect(bytes.ended.summary['droppedByLimit']).toBeGreaterThan(0);
      expect(bytes.isComplete).toBe(true);
      expect(small.sent.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(4_000);
      expect(small.sent.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.ended.summary['bytes']);
      expect(time.ended).toMatchObject({ outcome: 'completed', detail: expect.stringContaining('its 2 s are over') });
      expect(packetsIn(time.file)).toHaveLength(frames.length);
      inNamespace(lab.near, 'ip', 'link', 'delete', 'brief');
      const { ended } = await removed.ended;
      expect(ended).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('brief was removed') });
    },
  );

  test(
    'waits while the way has no room, loses nothing by that, and ends when it stays so',
    { timeout: 60_000 },
    async () => {
      let hasRoom = true;
      const patient = await beginCapture({ interface: 'wire' }, { hasRoom: () => hasRoom });
      await sleep(400);
      hasRoom = false;
      sendAll();
      await sleep(2_000);
      const before = patient.sent.length;
      sendAll();
      hasRoom = true;
      await sleep(600);
      expect(patient.sent.length).toBeGreaterThan(before);
      hasRoom = false;
      sendAll();
      const { ended, file } = await patient.ended;
      expect(ended).toMatchObject({ outcome: 'limit', detail: expect.stringContaining('no room for 10 s') });
      expect(packetsIn(file)).toHaveLength(2 * frames.length);
    },
  );

  test('leaves the agent’s own connection out, and no other', { timeout: 60_000 }, async () => {
    await using server = startDownloads(lab.far);
    const port = Number((await server.waitFor(/port (\d+)/))[1]);
    const open = async (address: string): Promise<Socket> => {
      const socket = connect(port, address);
      await once(socket, 'connect');
      return socket;
    };
    const own = await open('10.92.0.2');
    const connections = tcpEndsOf([process.pid]).filter(({ remotePort }) => remotePort === port);
    expect(connections).toMatchObject([{ localPort: own.localPort }]);
    const other = await open('10.92.0.2');
    const exact = await beginCapture({ interface: 'net' }, { own: { connections, collectorPort: port } });
    const coarse = await beginCapture({}, { own: { connections: [], collectorPort: port } });
    const [ownPort, otherPort] = [own.localPort!, other.localPort!];
    for (const socket of [own, other]) {
      socket.resume();
      await once(socket, 'close');
    }
    await sleep(300);
    const portsIn = async ({ stop, ended }: typeof exact) => {
      stop();
      const { file, ended: end } = await ended;
      const at = (bytes: Uint8Array, offset: number) => (bytes[offset]! << 8) | bytes[offset + 1]!;
      const ports = packetsIn(file).flatMap(({ bytes }) => [at(bytes, 34), at(bytes, 36)]);
      return { ports, detail: end.detail };
    };
    const { ports } = await portsIn(exact);
    expect(ports).toContain(otherPort);
    expect(ports).not.toContain(ownPort);
    const { detail } = await portsIn(coarse);
    expect(detail).toContain(`without all of TCP port ${port}`);
  });

  test(
    'is refused with what is missing: an interface, a filter that can be read, rights',
    { timeout: 30_000 },
    async () => {
      await expect(look('capture', captureOf({ interface: 'none0' }))).rejects.toMatchObject({
        ...{ code: 'no-such-target', message: "This host has no interface 'none0'." },
      });
      await expect(look('capture', captureOf({ filter: 'port 80 and host x' }))).rejects.toMatchObject({
        code: 'malformed',
        message: expect.stringMatching(/^The filter, from its character 18 on: Names are not looked up/),
      });
      const program = `import { look } from '${repository}agent/src/tools/test-run.ts';
      console.log(await look('capture', ${JSON.stringify(captureOf())}).catch(({ message }) => message));`;
      const printed = inNamespace(
        lab.near,
        ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath],
        ...['--input-type=module', '-e', program],
      );
      expect(printed.trim().split('\n').at(-1)).toBe('For packets the agent needs CAP_NET_RAW.');
    },
  );
});
