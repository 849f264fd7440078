// Temporary paths, known-bad places, clocks and silent agents: made-up observations and the severity that they get.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aConnection, aProcess, aQuestion, anAgentEvent, monday, runDetector } from '../../../test/observations.ts';
import type { ConnectionObservation, ProcessObservation } from '../observation.ts';
import { agentSilent } from './agent-silent.ts';
import { clockSkew } from './clock-skew.ts';
import { knownBad } from './known-bad.ts';
import { temporaryPath } from './temporary-path.ts';

const day = 86_400;

test.each<[string, Partial<ConnectionObservation>, string | undefined]>([
  ['/tmp/x', {}, 'medium'],
  ['/dev/shm/kdevtmpfsi', {}, 'medium'],
  ['/tmp/x', { remote: { address: '10.0.0.9', port: 80 } }, 'low'],
  ['/tmp/x', { remote: { address: '127.0.0.1', port: 80 } }, undefined],
  ['/tmp/x (deleted)', {}, 'high'],
  ['/memfd:a (deleted)', {}, 'high'],
  ['/home/ada/x (deleted)', {}, 'medium'],
  ['/usr/sbin/nginx (deleted)', {}, 'low'],
  ['/tmp/.mount_AppAbc/usr/bin/app', {}, 'low'],
  ['/tmp/go-build123/b001/exe/main', {}, 'low'],
  ['C:\\Users\\ada\\AppData\\Local\\Temp\\a.exe', {}, 'medium'],
  ['/usr/bin/curl', {}, undefined],
  ['', {}, undefined],
])('%s with %j: %s', (executable, changes, severity) => {
  const { run, told } = runDetector(temporaryPath);
  run.observe(aConnection(monday, { process: aProcess({ executable }), ...changes }));
  expect(told[0]?.severity).toBe(severity);
});

test('a package update of ten programs is one low finding', () => {
  const { run, findings } = runDetector(temporaryPath);
  for (let at = 0; at < 10; at++) {
    const process = aProcess({ id: String(at), executable: `/usr/bin/${'abcdefghij'[at]!}` });
    const seen: ProcessObservation = {
      kind: 'process',
      host: '1',
      atUs: monday * 1e6,
      late: false,
      process,
      startedUs: 0,
      commandLine: '',
      exited: false,
      deleted: true,
    };
    run.observe(seen);
    run.observe(aConnection(monday + at, { process }));
  }
  expect(findings().map(({ severity, key }) => [severity, ...key])).toEqual([['low', 'replaced']]);
  const after = runDetector(temporaryPath);
  after.run.restore('1', JSON.parse(JSON.stringify(run.save('1'))));
  after.run.observe(aConnection(monday + 60, { process: aProcess({ id: '3', executable: '/usr/bin/d' }) }));
  expect(after.run.save('1')).toMatchObject({ deleted: expect.arrayContaining(['3']) });
});

const listed = ({ address, name }: { address?: string; name?: string }) =>
  address === '203.0.114.66' || name === 'bad.example' ? { list: 'test', entry: address ?? name! } : undefined;

test.each<[string, Partial<ConnectionObservation>, string | undefined]>([
  ['established', {}, 'high'],
  ['only tried', { outcome: 'attempted', receivedBytes: 0 }, 'medium'],
  ['from there', { direction: 'inbound' }, 'low'],
  ['by its name', { remote: { address: '203.0.114.67', port: 443 }, name: 'bad.example' }, 'high'],
  ['elsewhere', { remote: { address: '203.0.114.67', port: 443 } }, undefined],
  ['a later span', { first: false }, undefined],
])('a listed place, %s: %s', (_, changes, severity) => {
  const { run, told } = runDetector(knownBad, { listed });
  run.observe(aConnection(monday, { remote: { address: '203.0.114.66', port: 443 }, ...changes }));
  expect(told[0]?.severity).toBe(severity);
});

test('a listed place that it comes back to is critical, and a thousand calls are few words', () => {
  const { run, told, findings } = runDetector(knownBad, { listed });
  for (let at = 0; at < 1000; at++)
    run.observe(aConnection(monday + at, { remote: { address: '203.0.114.66', port: 443 } }));
  expect(findings().map(({ severity }) => severity)).toEqual(['critical']);
  expect(told.length).toBeLessThan(30);
});

test('questions for listed names and answers with listed addresses are medium', () => {
  const { run, told } = runDetector(knownBad, { listed });
  run.observe(aQuestion(monday, { name: 'bad.example' }));
  run.observe(aQuestion(monday, { name: 'good.example', addresses: ['203.0.114.66'] }));
  run.observe(aQuestion(monday, { name: 'good.example', addresses: ['203.0.114.67'] }));
  expect(told.map(({ severity }) => severity)).toEqual(['medium', 'medium']);
});

test.each([
  [[40, 40], []],
  [[40, 40, 40], ['low']],
  [[40, 40, 0, 40, 40], []],
  [[-400, -400, -400], ['medium']],
  [[10, 10, 10, 10], []],
  [[Number.NaN, Number.NaN, Number.NaN, Number.NaN], []],
])('clocks off by %j', (readings, severities) => {
  const { run, told } = runDetector(clockSkew);
  for (const [at, seconds] of readings.entries())
    run.observe(anAgentEvent(monday + at * 5, { event: 'clock', seconds }));
  expect(told.map(({ severity }) => severity)).toEqual(severities);
});

/** Heard each day for a week, then silent, told of each minute. */
function silence(nights: number, seconds: number) {
  const running = runDetector(agentSilent);
  for (let at = 0; at < 7; at++) {
    running.run.observe(anAgentEvent(monday + at * day));
    if (at < 7 - nights) continue;
    for (let past = 60; past < 8 * 3600; past += 600)
      running.run.observe(anAgentEvent(monday + at * day + past, { event: 'silent', seconds: past }));
    running.run.observe(anAgentEvent(monday + at * day + 9 * 3600));
  }
  const before = running.told.length;
  for (let past = 60; past <= seconds; past += 60)
    running.run.observe(anAgentEvent(monday + 7 * day + past, { event: 'silent', seconds: past }));
  return running.told.slice(before);
}

test('a host that never was silent is medium after a quarter of an hour', () => {
  expect(silence(0, 600)).toEqual([]);
  expect(silence(0, 1200)[0]?.severity).toBe('medium');
});

test('one that is switched off each night is low, and a long silence is few words', () => {
  const told = silence(5, 12 * 3600);
  expect(new Set(told.map(({ severity }) => severity))).toEqual(new Set(['low']));
  expect(told.length).toBeLessThan(90);
});

test('a host that is hardly known is low', () => {
  const { run, told } = runDetector(agentSilent);
  run.observe(anAgentEvent(monday));
  run.observe(anAgentEvent(monday + 1000, { event: 'silent', seconds: 1000 }));
  expect(told.map(({ severity }) => severity)).toEqual(['low']);
});

test.each([
  ['collect-failed', 400, 'low'],
  ['collect-failed', 4000, 'medium'],
  ['agent-stopped', 4000, undefined],
  ['stalled', 4000, undefined],
  ['rows-capped', 60, undefined],
  ['toString', 4000, undefined],
])('a gap because of %s for %d s: %s', (reason, seconds, severity) => {
  const { run, told } = runDetector(agentSilent);
  run.observe(anAgentEvent(monday, { event: 'gap', reason, seconds }));
  expect(told[0]?.severity).toBe(severity);
});

test.each([agentSilent, clockSkew, knownBad, temporaryPath])(
  '$id: whatever was saved or is said, it goes on',
  (detector) => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.array(fc.tuple(fc.double(), fc.double(), fc.string()), { maxLength: 30 }),
        (state, claims) => {
          const { run } = runDetector(detector as typeof agentSilent, { listed });
          run.restore('1', state);
          for (const [at, seconds, text] of claims) {
            for (const event of ['silent', 'gap', 'clock', 'connected'] as const)
              run.observe(anAgentEvent(0, { atUs: at, event, seconds, reason: text }));
            run.observe(
              aConnection(0, { atUs: at, process: aProcess({ executable: text }), remote: { address: text, port: 1 } }),
            );
          }
          run.restore('1', JSON.parse(JSON.stringify(run.save('1') ?? null)));
          run.forget('1');
        },
      ),
    );
  },
);
