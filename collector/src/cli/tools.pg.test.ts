// `foretop ping` and its like: asked, checked, signed with the operator's key, shown; with exit codes that say how it went.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ToolEvent } from '@foretop/proto/tools';
import { peekStatement } from '@foretop/proto/trust';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { answerOffer } from '../../test/commandable.ts';
import { type TestFleet, testFleet, type TestHost } from '../../test/commanded-fleet.ts';
import { foretop } from '../../test/foretop.ts';
import { goodPassword, makeAccount } from '../../test/people.ts';
import { answered, ended, startTool } from '../../test/tool-host.ts';

// Each command is a process that starts Node.
vi.setConfig({ testTimeout: 120_000 });

let fleet: TestFleet;
let one: TestHost;
let two: TestHost;
let home: string;
const run = (args: string[]) => foretop(args, { HOME: home }, '');

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'foretop-cli-tools-'));
  fleet = await testFleet();
  [one, two] = [await fleet.host(), await fleet.host()];
  for (const [host, name] of [
    [one, 'web-1'],
    [two, 'web\u001b[2J-2'],
  ] as const)
    await fleet.server.store.db.updateTable('host').set({ name }).where('host_id', '=', host.hostId).execute();
  await makeAccount(fleet.server, 'ada', 'operator');
  await writeFile(join(home, 'password'), `${goodPassword}\n`, { mode: 0o600 });
  const signIn = ['sign-in', '--server', fleet.server.url, '--name', 'ada', '--password-file', join(home, 'password')];
  for (const args of [signIn, ['approve', 'keygen', '--no-passphrase']]) {
    const { code, stderr } = await run(args);
    if (code !== 0) throw new Error(stderr);
  }
});
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const claims = { allowed: ['observe', 'probe'], weakestSigner: 'approve' } as const;

/** Offers what is asked, and says these events when it is signed. */
async function play({ agent }: TestHost, events: ToolEvent[], outcome: 'completed' | 'failed' = 'completed') {
  const { offer } = await answerOffer(agent, { ...claims, allowed: [...claims.allowed] });
  const tool = await startTool(agent);
  tool.say(...events, ended);
  await tool.end(offer, { outcome });
  return offer;
}

test('a ping from two hosts: lines as they come, a table side by side, what differs; names cannot steer the terminal', async () => {
  const resolved: ToolEvent = { kind: 'resolved', target: 'x', address: '192.0.2.7', addresses: ['192.0.2.7'] };
  const other: ToolEvent = { ...resolved, address: '192.0.2.8' };
  const hosts = `web-1,${two.hostId}`;
  const [told, offer] = await Promise.all([
    run(['ping', 'example.org', '--from', hosts, '--count', '2']),
    play(one, [resolved, answered(1), answered(2)]),
    play(two, [other, answered(1), { kind: 'ping', attempt: 2, outcome: 'timeout' }]),
  ]);
  // These hosts take what is signed; the collector knows of no roster that would let them.
  const doubt = (name: string) => `${name}: The host has no roster yet: nobody may sign.\n`;
  expect(told).toMatchObject({ code: 0, stderr: doubt('web-1') + doubt('web\\u{1b}[2J-2') });
  expect(told.stdout).toContain('web-1  1: answered 0.41 ms');
  expect(told.stdout).toMatch(/FROM +TO +SENT +LOST +MIN +MEAN +MAX +JITTER/);
  expect(told.stdout).toMatch(/web-1 +192\.0\.2\.7 +2 +0 % +0\.41 ms/);
  expect(told.stdout).toMatch(/192\.0\.2\.8 +2 +50 %/);
  expect(told.stdout).toContain('differs: address 192.0.2.8, the other 192.0.2.7');
  expect(told.stdout).not.toContain('\u001b');
  const { action } = peekStatement('offer', offer);
  expect(action).toMatchObject({ kind: 'run-tool', tool: 'ping' });
});

test('JSON for programs: the run and all that was said', async () => {
  const args = ['scan', '192.0.2.7', '--from', 'web-1', '--ports', '22,80', '--json'];
  const port: ToolEvent = { kind: 'port', port: 22, state: 'open', service: 'ssh', banner: 'SSH-2.0-x' };
  const [told] = await Promise.all([run(args), play(one, [port])]);
  expect(told.code).toBe(0);
  const { run: ran, events } = JSON.parse(told.stdout) as { run: { tool: string }; events: { event: ToolEvent }[] };
  expect(ran.tool).toBe('scan');
  expect(events.map(({ event }) => event.kind)).toEqual(['port', 'ended']);
});

test('exit code 1 when nothing answers or a host does not run it, 2 for what is not a request', async () => {
  const silent: ToolEvent = { kind: 'ping', attempt: 1, outcome: 'timeout' };
  const [none] = await Promise.all([
    run(['ping', 'example.org', '--from', 'web-1', '--count', '1']),
    play(one, [silent]),
  ]);
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('No answer to: web-1') });
  const [failed] = await Promise.all([
    run(['http', 'https://example.org', '--from', 'web-1']),
    play(one, [], 'failed'),
  ]);
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('Not run to its end: web-1') });
  expect(await run(['ping', 'example.org', '--from', 'web-9'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no host "web-9"'),
  });
  expect(await run(['scan', 'example.org', '--from', 'web-1', '--ports', 'all'])).toMatchObject({ code: 2 });
  const refused = run(['ping', 'example.org', '--from', 'web-1']);
  const { requestId } = await one.agent.next('offerRequest');
  one.agent.send({ offer: { requestId: requestId!, refusal: { code: 'not-allowed', detail: 'observe only' } } });
  expect(await refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('web-1: observe only (not-allowed)'),
  });
});

test('an offer of something else is not signed', async () => {
  const asking = run(['ping', 'example.org', '--from', 'web-1']);
  const parameters = { target: 'victim.example', protocol: 'icmp', count: 5, intervalMs: 1_000, payloadBytes: 56 };
  await answerOffer(one.agent, {
    action: {
      kind: 'run-tool',
      tool: 'ping',
      parameters: JSON.stringify({ ...parameters, family: 'any' }),
      addresses: [],
    },
  });
  expect(await asking).toMatchObject({ code: 1, stderr: expect.stringContaining('another target') });
  expect(one.agent.waiting).not.toContain('command');
});
