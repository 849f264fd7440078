// A flood of SYNs from forged addresses at a port where something listens: an agent in a network namespace tells, and the finding names the port.
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { FindingList, ScanList } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FarHost, startFarHost } from '../e2e/far-host.ts';
import { Child, repository } from '../harness/child.ts';
import {
  apiClient,
  createApiToken,
  eventually,
  freePort,
  type RunningCollector,
  startCollector,
  temporaryFolder,
} from '../harness/foretop.ts';
import { joinNamespaces, makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';

const missing = process.platform === 'linux' ? namespacesMissing() : 'network namespaces are of Linux';
if (missing) console.warn(`Skipped lab/system/syn-flood: ${missing}.`);

const victim = '10.92.0.1';
const rate = 500;
const seconds = 8;

const listen = (address: string, port: number) =>
  `require('node:net').createServer((s) => s.end()).listen(${port}, '${address}', () => console.log('listening'))`;

describe.skipIf(missing)('a flood of SYNs', () => {
  const stack = new AsyncDisposableStack();
  let collector: RunningCollector;
  let host: FarHost;
  let get: ReturnType<typeof apiClient>;

  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder('syn-flood'));
    collector = stack.use(await startCollector(`${folder.path}/data`, await freePort()));
    get = apiClient(collector.url, await createApiToken(collector.dataDir, 'viewer'));
    host = stack.use(await startFarHost(collector, 'flooded', { allow: 'observe', signer: 'browser' }));
  }, 120_000);
  afterAll(() => stack.disposeAsync());

  const ofFlood = async (port: string) => {
    const { items } = await get<FindingList>('/api/v1/findings?detector=flood');
    return items.find(({ summary }) => summary.includes(port));
  };
  const halfOpen = async () => (await get<ScanList>('/api/v1/scans?kind=half-open')).items;

  /** @returns a namespace that has a wire to this one, and gets all answers: forged questions come from there. */
  function wireTo(namespace: string, address: string): string {
    const far = stack.use(makeNamespace(`flooder-${address}`)).name;
    const sender = address.replace(/1$/, '2');
    joinNamespaces({ name: namespace, address }, { name: far, address: sender });
    execFileSync('ip', ['-n', namespace, 'route', 'add', 'default', 'via', sender]);
    return far;
  }

  async function flood(far: string, namespace: string, address: string, port: number): Promise<Child> {
    const [link] = JSON.parse(
      execFileSync('ip', ['-n', namespace, '-j', 'link', 'show', 'veth0'], { encoding: 'utf8' }),
    ) as [{ address: string }];
    const args = ['veth0', link.address, address, `${port}`, `${rate}`, `${seconds}`];
    const child = stack.use(new Child('flood', ['lab/harness/syn-flood.ts', ...args], { networkNamespace: far }));
    await child.waitFor(/^flooding$/m);
    return child;
  }

  test('is a finding that names the port within ten seconds, and counts what came', async () => {
    const far = wireTo(host.networkNamespace!, victim);
    await host.start(listen(victim, 8_080)).waitFor(/^listening$/m);
    const sender = await flood(far, host.networkNamespace!, victim, 8_080);
    const startedMs = Date.now();
    const port = `port 8080 of ${victim}`;
    const first = await eventually('the finding', () => ofFlood(port));
    const tookMs = Date.now() - startedMs;
    console.log(`found ${tookMs} ms after the first SYN: ${first.summary}`);
    await sender.waitFor(new RegExp(`^sent ${rate * seconds}$`, 'm'));
    const finding = await eventually('most of it to be counted', async () => {
      const found = await ofFlood(port);
      if (found!.count > 0.8 * rate * seconds) return found!;
      throw new Error(JSON.stringify([found, await halfOpen()]));
    });
    expect(finding).toMatchObject({ severity: 'medium', peer: null });
    expect(finding.count).toBeLessThan(1.2 * rate * seconds);
    expect(tookMs).toBeLessThan(10_000);
  });

  test('leaves evidence of that port, and no finding of anything else', async () => {
    const items = await halfOpen();
    expect(new Set(items.map(({ kind, localPort, localAddress }) => `${kind} ${localAddress} ${localPort}`))).toEqual(
      new Set([`half-open ${victim} 8080`]),
    );
    const { items: findings } = await get<FindingList>('/api/v1/findings');
    // In a checkout below /tmp the programs of this test are themselves from temporary files, which is true.
    const isTemporary = repository.startsWith(`${tmpdir()}/`);
    const others = findings.filter(({ detector }) => !isTemporary || detector !== 'temporary-path');
    expect(others.map(({ detector }) => detector)).toEqual(['flood']);
  });
});
