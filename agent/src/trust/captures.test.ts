// Captures as signed commands: each layer that must allow one (file, roster, signature) by itself, how many there are at once, and what a stop leaves.
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentFrame, OfferRequest } from '@foretop/proto';
import { newRecipient, PcapngReader } from '@foretop/proto/capture';
import { type CaptureParameters, readToolEvents } from '@foretop/proto/tools';
import { readStatement, type RosterOperator } from '@foretop/proto/trust';
import { describe, expect, test } from 'vitest';
import { requirePacketSockets } from '../host/linux/capture-socket.ts';
import { linuxMissing, openBareWorld, until, type World } from './test-trust.ts';

function rightsMissing(): string | undefined {
  try {
    requirePacketSockets();
    return undefined;
  } catch (error) {
    return `packet sockets cannot be opened: ${(error as Error).message}`;
  }
}
const missing = linuxMissing ?? rightsMissing();
if (missing) console.warn(`Skipped agent/src/trust/captures: ${missing}.`);

const everything = ['probe', 'capture-headers', 'capture-payload', 'terminate'] as const;

async function openCapturing(
  allow: string,
  operator: Partial<RosterOperator> = {},
  signer = 'browser',
): Promise<World> {
  const world = await openBareWorld({ ceiling: JSON.stringify({ allow, ...(signer && { signer }) }) });
  const named = world.operatorOf({ capabilities: [...everything], ...operator });
  await world.update(await world.roster({ operators: [named] }));
  return world;
}

const recipient = missing ? undefined : await newRecipient();
const request = (change: Partial<CaptureParameters> = {}): OfferRequest => {
  const payload = change.content === 'payload' && { recipient: recipient!.publicKey };
  const parameters: CaptureParameters = {
    ...{ interface: 'lo', filter: 'udp port 9', content: 'headers', maxBytes: 1 << 20, maxSeconds: 30 },
    ...change,
    ...payload,
  };
  return { runTool: { tool: 'capture', parameters: JSON.stringify(parameters) } };
};
const headers = () => request();
const payload = () => request({ content: 'payload' });

const codeOf = async (world: World, asked: OfferRequest) => (await world.ask(asked)).refusal?.code ?? 'offered';

/** Offered, signed, and what the receipt then says. */
async function signed(world: World, asked: OfferRequest) {
  const offered = await world.offer(asked);
  return world.command(offered, { statement: await world.sign(offered) });
}

/** Signed and under way. */
async function begin(world: World, asked: OfferRequest) {
  const offered = await world.offer(asked);
  const answers: AgentFrame[] = [];
  world.send({ command: { requestId: offered.requestId, statement: await world.sign(offered) } }, world.trust, answers);
  const isThere = ({ toolOutput, receipt }: AgentFrame) => toolOutput ?? receipt;
  await until('its first words', () => answers.some(isThere) || undefined);
  return {
    answers,
    async stop() {
      world.send({ cancel: { requestId: offered.requestId } });
      const { receipt } = await until('its receipt', () => answers.find((frame) => frame.receipt));
      return readStatement('receipt', receipt!.receipt!, world.identity.jwk);
    },
  };
}

describe.skipIf(missing)('a capture', () => {
  test.each<[allow: string, ofHeaders: string, ofPayload: string]>([
    ['observe', 'not-allowed', 'not-allowed'],
    ['probe', 'not-allowed', 'not-allowed'],
    ['capture-headers', 'offered', 'not-allowed'],
    ['capture-payload', 'offered', 'offered'],
    ['terminate', 'offered', 'offered'],
  ])('where the host’s file says %s: %s of headers, %s of payload', async (allow, ofHeaders, ofPayload) => {
    const world = await openCapturing(allow);
    expect([await codeOf(world, headers()), await codeOf(world, payload())]).toEqual([ofHeaders, ofPayload]);
  });

  test('is refused once the host’s file has come to allow less than was offered', async () => {
    const world = await openCapturing('capture-payload');
    const offered = await world.offer(payload());
    world.writeCeiling('{"allow":"capture-headers","signer":"browser"}');
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'not-allowed' });
  });

  test.each<[RosterOperator['capabilities'], ofHeaders: string, ofPayload: string]>([
    [['probe', 'terminate'], 'not-in-scope', 'not-in-scope'],
    [['capture-headers'], '', 'not-in-scope'],
    [['capture-payload'], 'not-in-scope', ''],
  ])('signed by somebody with %j in the roster', async (capabilities, ofHeaders, ofPayload) => {
    const world = await openCapturing('terminate', { capabilities });
    expect((await signed(world, request({ maxSeconds: 1 }))).code).toBe(ofHeaders);
    expect((await signed(world, request({ content: 'payload', maxSeconds: 1 }))).code).toBe(ofPayload);
  });

  test('takes a passkey unless the host’s file says that less will do', async () => {
    const world = await openCapturing('capture-payload', {}, '');
    const offered = await world.offer(headers());
    expect(offered.claims.weakestSigner).toBe('passkey');
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'signer-too-weak' });
  });

  test('that is not whole, or sealed to no key, is malformed', async () => {
    const world = await openCapturing('capture-payload');
    const asked = (parameters: object): OfferRequest => ({
      runTool: { tool: 'capture', parameters: JSON.stringify(parameters) },
    });
    const whole = { interface: '', filter: '', content: 'headers', maxBytes: 1_000, maxSeconds: 1 };
    const key = Buffer.alloc(32).toString('base64url');
    for (const wrong of [
      { ...whole, content: 'payload' },
      { ...whole, content: 'payload', recipient: key },
      { ...whole, recipient: key },
      { ...whole, maxBytes: (64 << 20) + 1 },
      { ...whole, maxSeconds: 601 },
      { ...whole, filter: 'port' },
    ])
      expect([wrong, await codeOf(world, asked(wrong))]).toEqual([wrong, 'malformed']);
  });

  test('is stopped by whoever asks, has sent what it saw by then, and says what it lost', async () => {
    const world = await openCapturing('capture-headers');
    const running = await begin(world, headers());
    const socket = createSocket('udp4').on('error', () => undefined);
    for (let count = 0; count < 5; count++) socket.send('SECRET', 9, '127.0.0.1');
    await sleep(200);
    const receipt = await running.stop();
    socket.close();
    expect(receipt).toMatchObject({ outcome: 'cancelled' });
    expect(receipt.detail).toMatch(/^5 packets; stopped from the dashboard$/);
    const outputs = running.answers.flatMap(({ toolOutput }) => (toolOutput ? [toolOutput] : []));
    expect(outputs.map(({ sequence }) => sequence)).toEqual(outputs.map((_, index) => index + 1));
    const reader = new PcapngReader();
    const packets = outputs.flatMap(({ packets: bytes }) => reader.push(bytes ?? new Uint8Array()));
    expect(packets.map(({ bytes, original }) => [bytes.length, original])).toEqual(
      Array.from({ length: 5 }, () => [42, 48]),
    );
    expect(outputs.flatMap(({ events }) => readToolEvents(events!)).at(-1)).toMatchObject({
      ...{ kind: 'ended', outcome: 'cancelled', summary: { packets: 5, droppedByKernel: 0, droppedByLimit: 0 } },
    });
    expect(world.audit().at(-1)!.detail['action']).toMatch(/^capture: \{"interface":"lo"/);
  });

  test('is one of two at most', async () => {
    const world = await openCapturing('capture-headers');
    const [one, other] = [await begin(world, headers()), await begin(world, headers())];
    expect(await signed(world, headers())).toMatchObject({
      ...{ outcome: 'refused', code: 'too-many', detail: expect.stringContaining('2 captures are under way at most.') },
    });
    await one.stop();
    const third = await begin(world, headers());
    for (const running of [other, third]) expect(await running.stop()).toMatchObject({ outcome: 'cancelled' });
  });
});
