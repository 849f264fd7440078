// Commands with the right signature: once, in time, for the process that was offered, as long as it is that.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentFrame, CollectorFrame } from '@foretop/proto';
import { readStatement } from '@foretop/proto/trust';
import { describe, expect, test } from 'vitest';
import { createLinuxClock } from '../host/clock.linux.ts';
import {
  isRunning,
  linuxMissing,
  makeKey,
  nameOf,
  openBareWorld,
  openWorld,
  start,
  temporaryFolder,
  until,
} from './test-trust.ts';

if (linuxMissing) console.warn(`Skipped agent/src/trust/commands: ${linuxMissing}.`);

const long = ['1000'];

describe.skipIf(linuxMissing)('a signed command', () => {
  test('ends the process that was offered, and no other', async () => {
    const world = await openWorld();
    const [target, other] = [await start('sleep', long), await start('sleep', long)];
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    expect(offered.claims).toMatchObject({
      iss: world.identity.thumbprint,
      lifeSeconds: 60,
      allowed: ['observe', 'probe', 'capture-headers', 'capture-payload', 'terminate'],
      weakestSigner: 'browser',
      action: { kind: 'terminate', process: { pid: target.pid, name: 'sleep', commandLine: 'sleep 1000' }, tree: [] },
      preview: { parent: { pid: process.pid }, childCount: 0 },
    });
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({
      outcome: 'gone',
      code: '',
      operator: { name: 'ada', thumbprint: world.operator.thumbprint },
    });
    expect(receipt.detail).toMatch(/^gone \d\.\d s after SIGTERM$/);
    expect([isRunning(target), isRunning(other)]).toEqual([false, true]);
    expect(world.audit().map(({ event }) => event)).toEqual([
      ...['started', 'pinned', 'roster-accepted', 'offered', 'command-verified', 'command-ended'],
    ]);
    expect(world.audit().at(-1)!.detail).toMatchObject({ operator: 'ada', outcome: 'gone' });
  });

  test('tells no command line where the host’s file says so', async () => {
    const world = await openWorld({
      ceiling: '{"allow":"terminate","signer":"browser","privacy":{"commandLines":false}}',
    });
    const target = await start('sleep', long);
    const { claims } = await world.offer({ terminate: { pid: target.pid! } });
    expect(claims.action).toMatchObject({ process: { name: 'sleep', commandLine: '' } });
    expect(world.trust.policy().withheld).toEqual(['command-lines']);
  });

  test('is taken once: a copy of it finds no offer', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const statement = await world.sign(offered);
    expect((await world.command(offered, { statement })).outcome).toBe('gone');
    expect(await world.command(offered, { statement })).toMatchObject({ outcome: 'refused', code: 'offer-unknown' });
  });

  test('means nothing after the agent was started anew', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const statement = await world.sign(offered);
    await world.restart();
    expect(await world.command(offered, { statement })).toMatchObject({ outcome: 'refused', code: 'offer-unknown' });
    expect(isRunning(target)).toBe(true);
  });

  test('means nothing to a clone with the same key and the same roster', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const folder = temporaryFolder();
    copyFileSync(join(world.folder, 'trust.json'), join(folder, 'trust.json'));
    await using clone = await world.open(folder);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const statement = await world.sign(offered);
    expect(await world.command(offered, { statement }, clone)).toMatchObject({
      outcome: 'refused',
      code: 'offer-unknown',
    });
    expect(isRunning(target)).toBe(true);
  });

  test('comes too late after a minute of the monotonic clock', async () => {
    const clock = { boottimeUs: () => nowUs, wallUs: () => Date.now() * 1e3 };
    let nowUs = 1e12;
    const world = await openWorld({ host: { clock } });
    const target = await start('sleep', long);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    nowUs += 60e6;
    expect(await world.command(offered, { statement: await world.sign(offered) })).toMatchObject({
      code: 'offer-unknown',
    });
    expect(isRunning(target)).toBe(true);
  });

  test('is judged by the roster of that moment, whatever was set on the wall clock since the offer', async () => {
    const tenYearsUs = 3_652 * 86_400e6;
    let aheadUs = 0;
    const { boottimeUs } = createLinuxClock();
    const clock = { boottimeUs, wallUs: () => Date.now() * 1e3 + aheadUs };
    const world = await openWorld({ host: { clock } });
    const [one, other] = [await start('sleep', long), await start('sleep', long)];
    const offered = await world.offer({ terminate: { pid: one.pid! } });
    const statement = await world.sign(offered);
    aheadUs = tenYearsUs;
    expect(await world.command(offered, { statement })).toMatchObject({ outcome: 'refused', code: 'roster-expired' });
    expect((await world.ask({ terminate: { pid: other.pid! } })).refusal?.code).toBe('roster-expired');
    aheadUs = -tenYearsUs;
    expect(await world.command(offered, { statement })).toMatchObject({ outcome: 'gone' });
    expect(await world.command(offered, { statement }), 'going back brings no offer back').toMatchObject({
      code: 'offer-unknown',
    });
  });

  test('whose connection ends meanwhile has its receipt delivered by the next one', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const statement = await world.sign(offered);
    world.trust.handle({ command: { requestId: offered.requestId, statement } }, () => false);
    await until('its end', () => world.audit().at(-1)!.event === 'command-ended' || undefined);
    await sleep(100);
    const delivered = () => {
      const answers: AgentFrame[] = [];
      world.trust.opened((answer) => answers.push(answer) > 0);
      return answers.filter(({ receipt }) => receipt);
    };
    const [first, ...more] = delivered();
    expect(first?.receipt?.requestId).toEqual(offered.requestId);
    expect(await readStatement('receipt', first!.receipt!.receipt!, world.identity.jwk)).toMatchObject({
      outcome: 'gone',
    });
    expect([...more, ...delivered()], 'once').toEqual([]);
  });

  test('that is under way when the agent stops is in the audit, its end as not known', async () => {
    const world = await openWorld({ times: { graceMs: 3_000 } });
    const target = await start('sh', ['-c', 'trap "" TERM; exec sleep 1000'], 'sleep');
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const statement = await world.sign(offered);
    world.send({ command: { requestId: offered.requestId, statement } });
    await until('SIGTERM', () => world.answers.find(({ progress }) => progress));
    await world.trust[Symbol.asyncDispose]();
    const { event, detail } = world.audit().at(-1)!;
    expect({ event, ...detail }).toMatchObject({ event: 'command-ended', outcome: 'failed', operator: 'ada' });
    expect(isRunning(target), 'and no SIGKILL follows by itself').toBe(true);
  });

  test('counts three times a minute, and only those that are valid count', async () => {
    const world = await openWorld();
    const targets = await Promise.all([1, 2, 3, 4].map(() => start('sleep', long)));
    const forged = await world.offer({ terminate: { pid: targets[0]!.pid! } });
    for (let i = 0; i < 3; i++)
      expect(await world.command(forged, { statement: await world.sign(forged, await makeKey()) })).toMatchObject({
        code: 'unknown-signer',
      });
    const outcomes = [];
    for (const { pid } of targets) outcomes.push(await world.terminate(pid!));
    expect(outcomes.map(({ outcome, code }) => `${outcome} ${code}`)).toEqual([
      'gone ',
      'gone ',
      'gone ',
      'refused too-many',
    ]);
    expect(isRunning(targets[3]!)).toBe(true);
  });
});

describe.skipIf(linuxMissing)('the target', () => {
  test('has run another program since the offer', async () => {
    const world = await openWorld();
    const target = await start('sh', ['-c', 'read line; exec sleep 1000']);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    target.stdin!.write('go\n');
    await until('the exec', () => nameOf(target.pid!) === 'sleep' || undefined);
    expect(await world.command(offered, { statement: await world.sign(offered) })).toMatchObject({
      outcome: 'refused',
      code: 'process-changed',
    });
    expect(isRunning(target)).toBe(true);
  });

  test('runs another file of the same name and contents', async () => {
    const world = await openWorld();
    const folder = temporaryFolder();
    copyFileSync('/bin/sleep', join(folder, 'one'));
    copyFileSync('/bin/sleep', join(folder, 'two'));
    const target = await start('sh', ['-c', `exec ${folder}/one 1000`], 'one');
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const other = await start(join(folder, 'two'), long);
    const swapped = await world.offer({ terminate: { pid: other.pid! } });
    expect(swapped.claims.action.kind === 'terminate' && swapped.claims.action.process.sha256).toBe(
      offered.claims.action.kind === 'terminate' && offered.claims.action.process.sha256,
    );
    const crossed = { requestId: swapped.requestId };
    expect(await world.command(crossed, { statement: await world.sign(offered) })).toMatchObject({
      code: 'signature-invalid',
    });
    expect([isRunning(target), isRunning(other)]).toEqual([true, true]);
  });

  test('has ended since the offer', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    target.kill('SIGKILL');
    await until('its end', () => !isRunning(target) || undefined);
    expect(await world.command(offered, { statement: await world.sign(offered) })).toMatchObject({
      code: 'no-such-process',
    });
  });

  test.each([
    ['0', 0, 'malformed'],
    ['beyond all PIDs', 2 ** 31, 'malformed'],
    ['1', 1, 'protected'],
    ['the agent’s own', process.pid, 'protected'],
    ['its parent’s', process.ppid, 'protected'],
    ['nobody’s', 4_194_304, 'no-such-process'],
  ])('PID %s is not offered', async (_what, pid, code) => {
    const world = await openWorld();
    expect((await world.ask({ terminate: { pid } })).refusal?.code).toBe(code);
  });

  test('is missing: nothing stands for everything', async () => {
    const world = await openWorld();
    expect((await world.ask({})).refusal?.code).toBe('malformed');
    expect((await world.ask({ terminate: {} })).refusal?.code).toBe('malformed');
    expect((await world.ask({ closeConnection: { protocol: 6 } })).refusal?.code).toBe('malformed');
  });

  test('is another process than the record meant, by its start', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const directory = temporaryFolder();
    copyFileSync(join(world.folder, 'trust.json'), join(directory, 'trust.json'));
    await using agent = await world.openWith({ directory, collectorOffsetUs: () => 0 });
    const ask = (startedUs: number) => world.ask({ terminate: { pid: target.pid!, startedUs } }, agent);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const ticks = offered.claims.action.kind === 'terminate' ? Number(offered.claims.action.process.startTicks) : 0;
    expect((await ask(ticks * 1e4)).offer).toBeTruthy();
    expect((await ask(ticks * 1e4 + 60e6)).refusal?.code).toBe('process-changed');
  });

  test('a fake sshd is ended: a name protects nobody', async () => {
    const world = await openWorld();
    const fake = join(temporaryFolder(), 'sshd');
    copyFileSync('/bin/sleep', fake);
    const target = await start(fake, long, 'sshd');
    expect(await world.terminate(target.pid!)).toMatchObject({ outcome: 'gone' });
    expect(isRunning(target)).toBe(false);
  });

  test('cannot be held by a number of another PID namespace: neither offered nor, when that shows later, ended', async () => {
    let blindness = '/proc is of another PID namespace';
    const world = await openWorld({ host: { blindness: () => blindness } });
    const target = await start('sleep', long);
    const refused = { code: 'not-visible', detail: expect.stringContaining(blindness) };
    expect((await world.ask({ terminate: { pid: target.pid! } })).refusal).toMatchObject(refused);
    blindness = '';
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    blindness = '/proc is of another PID namespace';
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', ...refused });
    expect(isRunning(target)).toBe(true);
  });
});

describe.skipIf(linuxMissing)('offers', () => {
  test('are eight at most, and make room when they expire', async () => {
    let nowUs = 1e12;
    const world = await openWorld({ host: { clock: { boottimeUs: () => nowUs, wallUs: () => Date.now() * 1e3 } } });
    const target = await start('sleep', long);
    for (let i = 0; i < 8; i++) expect((await world.ask({ terminate: { pid: target.pid! } })).offer).toBeTruthy();
    expect((await world.ask({ terminate: { pid: target.pid! } })).refusal?.code).toBe('too-many');
    nowUs += 60e6;
    expect((await world.ask({ terminate: { pid: target.pid! } })).offer).toBeTruthy();
  });

  test.each<[string, CollectorFrame]>([
    ['nothing', {}],
    ['a question without an id', { offerRequest: { terminate: { pid: 5 } } }],
    ['a question with a long id', { offerRequest: { requestId: new Uint8Array(17), terminate: { pid: 5 } } }],
    [
      'a question with numbers that are none',
      { offerRequest: { requestId: new Uint8Array(16), terminate: { pid: NaN } } },
    ],
    ['a command without anything', { command: {} }],
    ['a command without a signature', { command: { requestId: new Uint8Array(16), statement: '' } }],
    ['half a passkey', { command: { requestId: new Uint8Array(16), passkey: { credentialId: new Uint8Array(9) } } }],
    ['an update without anything', { trust: {} }],
    ['owners that are none', { trust: { roster: 'x', ownerChanges: ['', 'x.y.z', 'é'.repeat(70_000)] } }],
    ['a head that is none', { auditHead: { head: '.'.repeat(100_000) } }],
    ['a head without one', { auditHead: {} }],
  ])('%s does no harm', async (_what, frame) => {
    const world = await openWorld();
    world.send(frame);
    await world.update(await world.roster());
    const refusals = world.answers.flatMap(({ offer }) => offer?.refusal?.code ?? []);
    expect(refusals).toEqual(frame.offerRequest ? ['malformed'] : []);
    expect(world.audit().at(-1)!.event).toBe('roster-accepted');
  });

  test('are not made without an owner, a roster or the ceiling', async () => {
    const world = await openBareWorld({ pins: {} });
    const target = await start('sleep', long);
    const code = async () => (await world.ask({ terminate: { pid: target.pid! } })).refusal?.code;
    expect(await code()).toBe('no-owner');
    world.trust.pins({ owner: world.owner.jwk.x });
    expect(await code()).toBe('no-roster');
    await world.update(await world.roster());
    world.writeCeiling('{"allow":"observe"}');
    expect(await code()).toBe('not-allowed');
  });

  test('a flood of forged commands fills no audit and ends nothing', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const statement = await world.sign(offered, await makeKey());
    for (let i = 0; i < 200; i++) {
      world.send({ command: { requestId: offered.requestId, statement } });
      if (i % 10 === 9) await sleep(20);
    }
    await until('an end of it', () => world.answers.filter(({ receipt }) => receipt).length >= 30 || undefined);
    expect(world.audit().filter(({ event }) => event === 'command-refused').length).toBeLessThanOrEqual(30);
    expect(isRunning(target)).toBe(true);
  });
});
