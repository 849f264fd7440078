// Card numbers in clear text on a live host: found by the agent where the host's file allows it, told masked, and nowhere stored.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { FindingList } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ceiling, type FarHost, startFarHost } from '../e2e/far-host.ts';
import {
  apiClient,
  createApiToken,
  eventually,
  freePort,
  type RunningCollector,
  startCollector,
  temporaryFolder,
} from '../harness/foretop.ts';
import { namespacesMissing } from '../harness/network-namespace.ts';

const missing = process.platform === 'linux' ? namespacesMissing() : 'packet sockets are of Linux';
if (missing) console.warn(`Skipped lab/system/card-numbers: ${missing}.`);

// Published by processors for tests; what surrounds them must not be found either.
const numbers = ['4111111111111111', '5555555555554444', '378282246310005'];
const secretWord = 'Quetzalcoatlus';

/** The command line of a process is recorded, so a script must not have them in it. */
const backward = (text: string) => [...text].toReversed().join('');

/** A shop without TLS, and a customer who sends each number in an order of its own, one of them in two pieces. */
const shop = `
const http = require('node:http');
const forward = (text) => [...text].reverse().join('');
const numbers = ${JSON.stringify(numbers.map(backward))}.map(forward);
const server = http.createServer((request, response) => request.resume().on('end', () => response.end('thanks')));
server.listen(8080, '127.0.0.1', async () => {
  for (const number of numbers) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await new Promise((resolve, reject) => {
      const [head, tail] = ['{"holder":"' + forward('${backward(secretWord)}') + '","card":"' + number.slice(0, 8), number.slice(8) + '","cvv":"737"}'];
      const headers = { 'content-length': head.length + tail.length };
      const order = http.request({ host: '127.0.0.1', port: 8080, method: 'POST', path: '/order', headers }, (response) =>
        response.resume().on('end', resolve));
      order.on('error', reject);
      order.write(head);
      setTimeout(() => order.end(tail), 150);
    });
  }
  process.stdout.write('sold\\n');
});`;

describe.skipIf(missing)('card numbers', () => {
  const stack = new AsyncDisposableStack();
  let folder: string;
  let collector: RunningCollector;
  const hosts: Record<string, FarHost> = {};
  let get: ReturnType<typeof apiClient>;

  beforeAll(async () => {
    folder = stack.use(await temporaryFolder('cards')).path;
    collector = stack.use(await startCollector(`${folder}/data`, await freePort()));
    get = apiClient(collector.url, await createApiToken(collector.dataDir, 'viewer'));
    const host = async (name: string, ceiling: Omit<Ceiling, 'signer'>) => {
      hosts[name] = stack.use(await startFarHost(collector, name, { signer: 'passkey', ...ceiling }));
    };
    await host('open', { allow: 'capture-payload' });
    await host('below', { allow: 'capture-headers' });
    await host('private', { allow: 'capture-payload', privacy: { cardNumbers: false } });
  }, 180_000);
  afterAll(() => stack.disposeAsync());

  test('are told masked by the host that allows it, with connection and process, and by no other', async () => {
    const startedMs = Date.now();
    await Promise.all(Object.values(hosts).map((host) => host.start(shop).waitFor(/^sold$/m)));
    const list = () => get<FindingList>('/api/v1/findings?detector=cardholder-data');
    const finding = await eventually(
      'the finding',
      async () => {
        const [found] = (await list()).items;
        if (found !== undefined && found.count >= numbers.length) return found;
        throw new Error(JSON.stringify((await list()).items));
      },
      60_000,
    );
    console.log(`found ${Date.now() - startedMs} ms after the shop opened: ${finding.summary}`);
    expect(finding).toMatchObject({ severity: 'high', peer: '127.0.0.1', process: 'node', count: numbers.length });
    const masked = String(finding.evidence.find(({ label }) => label === 'Masked')?.value);
    for (const number of numbers)
      expect(masked).toContain(`${number.slice(0, 6)}${'*'.repeat(number.length - 10)}${number.slice(-4)}`);
    const { items } = await list();
    expect(items).toHaveLength(1);
    expect(items[0]!.hosts.map(({ hostName }) => hostName)).toEqual(['open']);
  });

  test('are not even looked at below the ceiling or against the switch', () => {
    const sockets = ({ agent }: FarHost) =>
      readFileSync(`/proc/${agent.pid}/net/packet`, 'utf8').trim().split('\n').length;
    expect(sockets(hosts['open']!)).toBeGreaterThan(sockets(hosts['below']!));
    expect(sockets(hosts['private']!)).toBe(sockets(hosts['below']!));
    expect(hosts['open']!.agent.output).toContain('"event":"clear-text"');
    for (const name of ['below', 'private']) expect(hosts[name]!.agent.output).not.toContain('"event":"clear-text"');
  });

  test('are in no file of the collector and of no agent, nor is the text around them', () => {
    const places = [folder, ...Object.values(hosts).map(({ dataDir }) => dataDir)];
    const found = (text: string) => {
      try {
        return execFileSync('grep', ['-raFl', '--', text, ...places], { encoding: 'utf8' })
          .trim()
          .split('\n');
      } catch {
        return []; // grep ends with 1 where nothing is found
      }
    };
    expect(found('411111******1111').length).toBeGreaterThan(0);
    for (const text of [...numbers, secretWord]) expect([text, found(text)]).toEqual([text, []]);
  });
});
