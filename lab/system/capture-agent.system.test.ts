// Captures of a whole agent, over its real connection and, as root, through its two processes: what it sends, and that it does not capture that.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOpener, newRecipient, type Packet, PcapngReader } from '@foretop/proto/capture';
import { type CaptureParameters, type EndedEvent, readToolEvents } from '@foretop/proto/tools';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { HostileCollector } from '../faults/hostile-collector.ts';
import { eventually } from '../harness/foretop.ts';

const missing =
  process.platform !== 'linux'
    ? 'packet sockets are of Linux'
    : process.getuid?.() === 0
      ? undefined
      : 'packet sockets need CAP_NET_RAW';
if (missing) console.warn(`Skipped lab/system/capture-agent: ${missing}.`);

/** Another user, with this capability and no other, as at tier 3. */
const onlyNetRaw = `before=
for each; do
  [ "$before" = --data ] && chown 65534:65534 "$each"
  before=$each
done
exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all,+net_raw --inh-caps=-all,+net_raw \\
  --ambient-caps=-all,+net_raw "$@"`;

describe.skipIf(missing).each([
  { who: 'as root', prefix: [] },
  { who: 'with CAP_NET_RAW alone', prefix: ['sh', '-c', onlyNetRaw, 'sh'] },
])('a whole agent $who', ({ prefix }) => {
  let collector: HostileCollector;
  beforeAll(async () => {
    collector = await HostileCollector.start('{"allow":"capture-payload","signer":"browser"}', undefined, prefix);
    const { owner, operator } = collector;
    const hosts = { ids: [(await collector.host()).thumbprint], labels: [] };
    const named = { name: 'ada', signer: 'browser', cnf: { jwk: operator.jwk }, hosts } as const;
    const operators = [{ ...named, capabilities: ['capture-headers' as const, 'capture-payload' as const] }];
    await collector.update(await collector.roster(owner, operator, { operators }));
  });
  afterAll(() => collector?.[Symbol.asyncDispose]());

  const outputsOf = (requestId: Uint8Array) =>
    collector.fake.frames.flatMap(({ toolOutput }) =>
      toolOutput && Buffer.compare(toolOutput.requestId!, requestId) === 0 ? [toolOutput] : [],
    );
  const packetsOf = (requestId: Uint8Array) =>
    outputsOf(requestId).flatMap(({ packets }) => (packets?.length ? [packets] : []));

  /** Under way; its first bytes have come. */
  async function begin(change: Partial<CaptureParameters>) {
    const parameters: CaptureParameters = {
      ...{ interface: 'lo', filter: '', content: 'headers', maxBytes: 8 << 20, maxSeconds: 60 },
      ...change,
    };
    const asked = await collector.ask({ runTool: { tool: 'capture', parameters: JSON.stringify(parameters) } });
    if (!asked.offer) throw new Error(`refused: ${asked.refusal?.code} ${asked.refusal?.detail}`);
    const requestId = asked.requestId!;
    const receipt = collector.command(requestId, await collector.sign(asked.offer, collector.operator));
    await eventually('its first bytes', async () => packetsOf(requestId).length > 0 || undefined);
    return {
      requestId,
      async stop() {
        collector.send({ cancel: { requestId } });
        await receipt;
        const outputs = outputsOf(requestId);
        expect(outputs.map(({ sequence }) => sequence)).toEqual(outputs.map((_, index) => index + 1));
        return outputs.flatMap(({ events }) => readToolEvents(events!)).at(-1) as EndedEvent;
      },
    };
  }

  const portsOf = ({ bytes }: Packet) => [(bytes[34]! << 8) | bytes[35]!, (bytes[36]! << 8) | bytes[37]!];

  test('captures what is on the wire of its collector, and not what it says itself', { timeout: 60_000 }, async () => {
    const collectorPort = Number(new URL(collector.fake.url.replace(/^ws/, 'http')).port);
    const server = createServer((socket) => void socket.on('error', () => undefined).end('hello')).listen(
      0,
      '127.0.0.1',
    );
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const running = await begin({ filter: 'ip and tcp' });
    // Another one who talks to the collector is captured like anybody.
    const visitor = connect(collectorPort, '127.0.0.1').on('error', () => undefined);
    await once(visitor, 'connect');
    const visitorPort = visitor.localPort!;
    await once(connect(port, '127.0.0.1').resume(), 'close');
    visitor.destroy();
    // The agent talks to its collector at least once a second.
    await sleep(3_000);
    const ended = await running.stop();
    const packets = packetsOf(running.requestId).flatMap((bytes, index, all) =>
      index === 0 ? new PcapngReader().push(Buffer.concat(all)) : [],
    );
    const seen = packets.map(portsOf);
    console.log(`${ended.detail}: ${JSON.stringify(ended.summary)}`);
    expect(ended.summary['packets']).toBe(packets.length);
    expect(ended.detail).not.toContain('without all of');
    expect(seen.some((ports) => ports.includes(port))).toBe(true);
    const ofCollector = seen.filter((ports) => ports.includes(collectorPort));
    expect(ofCollector.length).toBeGreaterThanOrEqual(3);
    expect(ofCollector.every((ports) => ports.includes(visitorPort))).toBe(true);
  });

  test('seals payload so that nobody on the way reads it', { timeout: 60_000 }, async () => {
    const { privateKey, publicKey } = await newRecipient();
    const running = await begin({ content: 'payload', filter: 'udp port 9', recipient: publicKey });
    const socket = createSocket('udp4').on('error', () => undefined);
    for (let count = 0; count < 20; count++) socket.send(`SECRET ${count}`, 9, '127.0.0.1');
    await sleep(500);
    socket.close();
    const ended = await running.stop();
    const stream = Buffer.concat(packetsOf(running.requestId));
    expect(ended.summary).toMatchObject({ packets: 20, bytes: stream.length });
    expect(stream.includes('SECRET')).toBe(false);
    const opener = await createOpener(privateKey, publicKey, Buffer.from(running.requestId).toString('hex'));
    const reader = new PcapngReader();
    const packets = (await opener.push(stream)).flatMap((blocks) => reader.push(blocks));
    expect(opener.isComplete).toBe(true);
    expect(packets.map(({ bytes }) => Buffer.from(bytes.subarray(42)).toString())).toEqual(
      Array.from({ length: 20 }, (_, count) => `SECRET ${count}`),
    );
    const { privateKey: otherKey } = await newRecipient();
    const stranger = await createOpener(otherKey, publicKey, Buffer.from(running.requestId).toString('hex'));
    await expect(stranger.push(stream)).rejects.toMatchObject({ name: 'SealFault' });
  });
});
