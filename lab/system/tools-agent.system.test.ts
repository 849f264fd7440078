// Tools of a whole agent, over its real connection and, as root, through its two processes; asked for by a collector that asks too much.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { Metric, type MetricChunk, unpackDeltas } from '@foretop/proto';
import { readToolEvents, type ToolEvent, type ToolName, type ToolParameters } from '@foretop/proto/tools';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { HostileCollector } from '../faults/hostile-collector.ts';
import { eventually, startAgent } from '../harness/foretop.ts';

const missing = process.platform === 'linux' ? undefined : 'commands are of Linux';
if (missing) console.warn(`Skipped lab/system/tools-agent: ${missing}.`);

const ceiling = '{"allow":"probe","signer":"browser","networks":["127.0.0.0/8"]}';

async function listen(): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe.skipIf(missing)('a whole agent', () => {
  let collector: HostileCollector;
  beforeAll(async () => {
    collector = await HostileCollector.start(ceiling);
    const { owner, operator } = collector;
    const hosts = { ids: [(await collector.host()).thumbprint], labels: [] };
    const named = {
      name: 'ada',
      signer: 'browser',
      cnf: { jwk: operator.jwk },
      capabilities: ['probe'],
      hosts,
    } as const;
    const operators = [{ ...named, capabilities: [...named.capabilities] }];
    await collector.update(await collector.roster(owner, operator, { operators }));
  });
  afterAll(() => collector?.[Symbol.asyncDispose]());

  const asked = <Name extends ToolName>(tool: Name, parameters: ToolParameters[Name]) =>
    collector.ask({ runTool: { tool, parameters: JSON.stringify(parameters) } });

  async function signed<Name extends ToolName>(tool: Name, parameters: ToolParameters[Name]) {
    const { requestId, offer, refusal } = await asked(tool, parameters);
    if (!offer) throw new Error(`refused: ${refusal?.code} ${refusal?.detail}`);
    return { requestId: requestId!, statement: await collector.sign(offer, collector.operator) };
  }

  const outputsOf = (requestId: Uint8Array) =>
    collector.fake.frames.flatMap(({ toolOutput }) =>
      toolOutput && Buffer.compare(toolOutput.requestId!, requestId) === 0 ? [toolOutput] : [],
    );
  const eventsOf = (requestId: Uint8Array): ToolEvent[] =>
    outputsOf(requestId).flatMap(({ events }) => readToolEvents(events!));
  const chunksOf = (id: string): MetricChunk[] =>
    collector.fake.bodies().flatMap(({ metrics }) => metrics!.filter(({ subject }) => subject === `watch:${id}`));
  const sum = (chunks: readonly MetricChunk[], metric: Metric) =>
    chunks
      .flatMap(({ series, count }) => unpackDeltas(series!.find((one) => one.metric === metric)!.values!, count!))
      .reduce((total, value) => total + value, 0);

  const pinging = (port: number, count: number): ToolParameters['ping'] => ({
    ...{ target: '127.0.0.1', protocol: 'tcp', port, count, intervalMs: 500, payloadBytes: 0, family: 'any' },
  });

  test(
    'is in two processes when it has rights, and tells all that a thousand ports say',
    { timeout: 60_000 },
    async () => {
      if (process.getuid?.() === 0) {
        const status = await eventually('its status', async () => {
          const path = `${collector.folder}/agent/status.json`;
          return existsSync(path)
            ? (JSON.parse(readFileSync(path, 'utf8')) as { network: { split: boolean } })
            : undefined;
        });
        expect(status.network.split).toBe(true);
      }
      const port = await listen();
      const ports = `${port},${port < 2_000 ? '3000-4022' : '1-1023'}`;
      const { requestId, statement } = await signed('scan', {
        ...{ target: '127.0.0.1', method: 'connect', ports, rate: 1_000, banners: false },
      });
      const receipt = await collector.command(requestId, statement);
      expect(receipt).toMatchObject({ outcome: 'completed', operator: { name: 'ada' } });
      const events = eventsOf(requestId);
      expect(events.filter(({ kind }) => kind === 'port')).toHaveLength(1_024);
      expect(events).toContainEqual(expect.objectContaining({ kind: 'port', port, state: 'open' }));
      expect(outputsOf(requestId).map(({ sequence }) => sequence)).toEqual(
        outputsOf(requestId).map((_, index) => index + 1),
      );
      console.log(`${events.length} events in ${outputsOf(requestId).length} frames: ${receipt.detail}`);
    },
  );

  test('is not led where nobody should be led', async () => {
    const addresses = [
      '169.254.169.254',
      '[::1]',
      '::ffff:169.254.169.254',
      '64:ff9b::a9fe:a9fe',
      '224.0.0.1',
      '10.0.0.1',
    ];
    for (const address of addresses) {
      const url = `http://${address.includes(':') && !address.startsWith('[') ? `[${address}]` : address}/`;
      const { refusal } = await asked('http', { url, method: 'GET', followRedirects: true });
      expect([address, refusal?.code]).toEqual([address, 'target-refused']);
    }
  });

  test(
    'goes on watching by itself after a restart, and its record has every attempt',
    { timeout: 240_000 },
    async () => {
      const port = await listen();
      const id = randomBytes(8).toString('hex');
      const expiresAt = Math.floor(Date.now() / 1_000) + 3_600;
      const watch = await signed('watch', {
        id,
        target: '127.0.0.1',
        protocol: 'tcp',
        port,
        intervalSeconds: 1,
        expiresAt,
      });
      expect(await collector.command(watch.requestId, watch.statement)).toMatchObject({ outcome: 'completed' });
      const ping = await signed('ping', pinging(port, 100));
      collector.send({ command: ping });
      await eventually('the first ping', async () => eventsOf(ping.requestId).length > 1 || undefined);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      await collector.agent.stop();
      const { frames } = collector.fake;
      const receipt = frames.findIndex(
        (frame) => Buffer.compare(frame.receipt?.requestId ?? new Uint8Array(), ping.requestId) === 0,
      );
      const goodbye = frames.findLastIndex((frame) => frame.goodbye);
      expect(eventsOf(ping.requestId).at(-1)).toMatchObject({ kind: 'ended', outcome: 'cancelled' });
      expect(receipt).toBeGreaterThan(0);
      expect(receipt).toBeLessThan(goodbye);
      const before = sum(chunksOf(id), Metric.METRIC_PROBES_SENT);
      console.log(
        `the watch made ${before} attempts before the stop: ${JSON.stringify(chunksOf(id).map(({ count, startUs }) => [count, startUs]))}`,
      );
      expect(before).toBeGreaterThanOrEqual(3);
      expect(sum(chunksOf(id), Metric.METRIC_PROBES_LOST)).toBe(0);
      expect(sum(chunksOf(id), Metric.METRIC_PROBE_RTT_SUM_US)).toBeGreaterThan(0);

      const env = { FORETOP_AGENT_CEILING_FILE: `${collector.folder}/ceiling.json` };
      await using again = startAgent(collector.fake.url, `${collector.folder}/agent`, 'victim', { env });
      await eventually('it to be back', async () => frames.slice(goodbye).find(({ pulse }) => pulse), 30_000);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      collector.send({ cancel: { requestId: watch.requestId } });
      await eventually('its end in the log', async () => again.output.includes('"event":"watch-ended"') || undefined);
      await again.stop();
      expect(sum(chunksOf(id), Metric.METRIC_PROBES_SENT)).toBeGreaterThanOrEqual(before + 3);
    },
  );

  // Last, since it uses up what an agent offers within a minute.
  test('answers each of a hundred questions at once, and offers little', { timeout: 60_000 }, async () => {
    const env = { FORETOP_AGENT_CEILING_FILE: `${collector.folder}/ceiling.json` };
    const before = collector.fake.frames.length;
    await using _ = startAgent(collector.fake.url, `${collector.folder}/agent`, 'victim', { env });
    await eventually('an agent', async () => collector.fake.frames.slice(before).find(({ pulse }) => pulse), 30_000);
    const codes = await Promise.all(
      Array.from({ length: 100 }, async () => (await asked('ping', pinging(1, 1))).refusal?.code ?? 'offered'),
    );
    expect(new Set(codes)).toEqual(new Set(['offered', 'too-many']));
    expect(codes.filter((code) => code === 'offered').length).toBeLessThanOrEqual(16);
    collector.send({ cancel: { requestId: new Uint8Array(100_000) } });
    collector.send({ cancel: {} });
    const pulses = collector.fake.frames.length;
    await eventually('it to live on', async () => collector.fake.frames.slice(pulses).find(({ pulse }) => pulse));
  });
});
