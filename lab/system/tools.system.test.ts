// Tools from two hosts against a third one whose ways, delays, losses and ports are known, through the same path as a signed command.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readToolEvents, type ToolEvent, type ToolName, type ToolParameters } from '@foretop/proto/tools';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Echoes } from '../../agent/src/tools/ping/echoes.ts';
import { look, ofKind } from '../../agent/src/tools/test-run.ts';
import type { ProbeSample } from '../../agent/src/tools/watch/watcher.ts';
import { openBareWorld, until } from '../../agent/src/trust/test-trust.ts';
import { parseAddress } from '../../agent/src/host/portable/address.ts';
import { Child, repository } from '../harness/child.ts';
import { moveInto } from '../harness/moved-thread.ts';
import { namespacesMissing } from '../harness/network-namespace.ts';
import { inNamespace, makeRoutedHosts, type RoutedHosts } from '../harness/routed-hosts.ts';

const missing =
  process.platform === 'linux'
    ? (namespacesMissing() ?? commandMissing('nft', '--version') ?? commandMissing('iptables', '--version'))
    : 'network namespaces are of Linux';
if (missing) console.warn(`Skipped lab/system/tools: ${missing}.`);
const nmapMissing = commandMissing('nmap', '--version');
if (nmapMissing) console.warn(`Skipped the comparison with nmap in lab/system/tools: ${nmapMissing}.`);

function commandMissing(command: string, ...args: string[]): string | undefined {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return undefined;
  } catch {
    return `the command \`${command}\` is not installed`;
  }
}

const target = '10.91.3.2';
const target6 = 'fd00:91:3::2';
const networks = ['10.91.3.0/24', 'fd00:91:3::/64'];
const delayMs = 80;
/** Of every ten echoes by IPv4. */
const lostOfTen = 3;

let hosts: RoutedHosts;
const stack = new AsyncDisposableStack();

/** 83 is dropped, 84 refused by a filter that says so; of UDP 56 is dropped. */
const filter = `table inet known {
  chain in {
    type filter hook input priority 0;
    tcp dport 83 drop
    tcp dport 84 reject with icmpx admin-prohibited
    udp dport 56 drop
    ip daddr ${target} icmp type echo-request numgen inc mod 10 < ${lostOfTen} drop
  }
}`;

async function begin(): Promise<void> {
  hosts = stack.use(makeRoutedHosts('tools'));
  const folder = mkdtempSync(join(tmpdir(), 'foretop-tools-'));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const pair = [join(folder, 'key.pem'), join(folder, 'certificate.pem')] as const;
  const names = ['-subj', '/CN=known.test', '-addext', `subjectAltName=DNS:known.test,IP:${target}`];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '90', '-keyout', pair[0], '-out', pair[1], ...names],
    {
      stdio: 'ignore',
    },
  );
  execFileSync('ip', ['netns', 'exec', hosts.target.name, 'nft', '-f', '-'], { input: filter });
  // Several closed ports at once are to be told of at once.
  inNamespace(hosts.target, 'sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0');
  const networkNamespace = hosts.target.name;
  const served = stack.use(
    new Child('targets', ['lab/harness/tool-targets.ts', target, ...pair], { networkNamespace }),
  );
  await Promise.all([delayAnswers(), served.waitFor(/^ready$/m)]);
}

/** By netem; where the kernel has none, echo replies are held back by a program of the lab. */
async function delayAnswers(): Promise<void> {
  const networkNamespace = hosts.target.name;
  const netem = ['tc', 'qdisc', 'add', 'dev', 'net3', 'root', 'netem', 'delay', `${delayMs}ms`];
  try {
    execFileSync('ip', ['netns', 'exec', networkNamespace, ...netem], { stdio: 'ignore' });
    return;
  } catch {
    const queue = ['-j', 'NFQUEUE', '--queue-num', '7'];
    inNamespace(hosts.target, 'iptables', '-I', 'OUTPUT', '-p', 'icmp', '--icmp-type', 'echo-reply', ...queue);
    inNamespace(hosts.target, 'ip6tables', '-I', 'OUTPUT', '-p', 'icmpv6', '--icmpv6-type', 'echo-reply', ...queue);
    const delay = stack.use(
      new Child('delay', ['lab/harness/packet-delay.ts', `${delayMs}`, '7'], { networkNamespace }),
    );
    await delay.waitFor(/^ready$/m);
  }
}

const pingOf = (change: Partial<ToolParameters['ping']> = {}): ToolParameters['ping'] => ({
  ...{ target, protocol: 'icmp', count: 10, intervalMs: 200, payloadBytes: 56, family: 'any' },
  ...change,
});
const traceOf = (change: Partial<ToolParameters['trace']> = {}): ToolParameters['trace'] => ({
  ...{ target, protocol: 'icmp', maxHops: 10, probesPerHop: 2, family: 'any' },
  ...change,
});
const scanOf = (change: Partial<ToolParameters['scan']> = {}): ToolParameters['scan'] => ({
  ...{ target, method: 'connect', ports: '22,80-84', rate: 100, banners: false },
  ...change,
});

/** Who stands at each hop, in order; '' where nobody said so. */
const wayOf = (events: readonly ToolEvent[]) =>
  [...Map.groupBy(ofKind(events, 'hop'), ({ hop }) => hop).values()].map(
    (attempts) => attempts.find(({ address }) => address)?.address ?? '',
  );

const statesOf = (events: readonly ToolEvent[]) =>
  Object.fromEntries(ofKind(events, 'port').map(({ port, state }) => [port, state]));

const tcpTruth = { 22: 'open', 80: 'open', 81: 'closed', 82: 'closed', 83: 'filtered', 84: 'filtered' };
const udpTruth = { 7: 'open', 53: 'open', 54: 'closed', 55: 'closed', 56: 'open|filtered', 57: 'open|filtered' };

describe.skipIf(missing)('from a host three hops away', () => {
  let moved: Disposable;
  beforeAll(async () => {
    await begin();
    moved = moveInto(hosts.near);
  });
  afterAll(async () => {
    moved?.[Symbol.dispose]();
    await stack.disposeAsync();
  });

  test('ping finds the delay and the loss that are there', async () => {
    const { events, ended } = await look('ping', pingOf({ count: 20 }));
    const { meanUs = 0, minUs = 0, lossPercent } = ended.summary;
    console.log(`ping: ${ended.detail}, ${JSON.stringify(ended.summary)}`);
    expect(lossPercent).toBe(lostOfTen * 10);
    expect(minUs).toBeGreaterThanOrEqual(delayMs * 1_000);
    // The mean has what a busy machine adds to the delay; the least has next to nothing of it.
    expect(minUs).toBeLessThan((delayMs + 20) * 1_000);
    expect(meanUs).toBeLessThan((delayMs + 120) * 1_000);
    expect(ofKind(events, 'ping').find(({ outcome }) => outcome === 'answered')).toMatchObject({ ttl: 62 });
  });

  test('ping by IPv6, and by TCP, where there is no loss', async () => {
    const six = await look('ping', pingOf({ target: target6, count: 4 }));
    expect(six.ended.summary).toMatchObject({ sent: 4, answered: 4 });
    expect(six.ended.summary['minUs']).toBeGreaterThanOrEqual(delayMs * 1_000);
    const open = await look('ping', pingOf({ protocol: 'tcp', port: 80, count: 3 }), { networks });
    expect(open.ended.summary).toMatchObject({ sent: 3, answered: 3 });
    const closed = await look('ping', pingOf({ protocol: 'tcp', port: 81, count: 1 }), { networks });
    expect(ofKind(closed.events, 'ping')).toMatchObject([{ outcome: 'refused' }]);
    const silent = await look('ping', pingOf({ protocol: 'tcp', port: 83, count: 1 }), { networks });
    expect(ofKind(silent.events, 'ping')).toMatchObject([{ outcome: 'timeout' }]);
  });

  test('ping of an address that nobody has says who said so', async () => {
    const { events } = await look('ping', pingOf({ target: '10.91.3.77', count: 1 }), { networks });
    expect(['unreachable', 'timeout']).toContain(ofKind(events, 'ping')[0]!.outcome);
    inNamespace(hosts.second, 'ip', 'route', 'add', 'unreachable', '10.99.0.0/16');
    inNamespace(hosts.first, 'ip', 'route', 'add', '10.99.0.0/16', 'via', '10.91.2.2');
    // A router tells of such packets once a second at most, after a few at once.
    const told = await look('ping', pingOf({ target: '10.99.0.1', count: 3, intervalMs: 1_200 }));
    expect(ofKind(told.events, 'ping')).toContainEqual(
      expect.objectContaining({ outcome: 'unreachable', from: '10.91.2.2' }),
    );
  });

  test('ping without the right to raw sockets goes by the kernel’s own echoes', async () => {
    inNamespace(hosts.near, 'sysctl', '-qw', 'net.ipv4.ping_group_range=0 0');
    try {
      using echoes = new Echoes(parseAddress(target6)!, 8);
      expect(echoes.isRaw).toBe(false);
      const { ended } = await look('ping', pingOf({ target: target6, count: 2 }));
      expect(ended.summary).toMatchObject({ sent: 2, answered: 2 });
      const traced = await look('trace', traceOf({ target: target6 }));
      expect(wayOf(traced.events)).toEqual(['fd00:91:1::1', 'fd00:91:2::2', target6]);
    } finally {
      inNamespace(hosts.near, 'sysctl', '-qw', 'net.ipv4.ping_group_range=1 0');
    }
  });

  test.each(['icmp', 'udp', 'tcp'] as const)('trace by %s names both routers and the target', async (protocol) => {
    const port = protocol === 'tcp' ? { port: 80 } : {};
    const { events, ended } = await look('trace', traceOf({ protocol, probesPerHop: 5, ...port }), { networks });
    console.log(`trace by ${protocol}: ${ended.detail}, ${wayOf(events).join(' ')}`);
    expect(wayOf(events)).toEqual(['10.91.1.1', '10.91.2.2', target]);
    expect(ended).toMatchObject({
      outcome: 'completed',
      detail: 'reached in 3 hops',
      summary: { hops: 3, reached: 1 },
    });
    const last = ofKind(events, 'hop').filter(({ hop }) => hop === 3);
    expect(last.filter(({ outcome }) => outcome === 'reached').length).toBeGreaterThanOrEqual(
      protocol === 'icmp' ? 2 : 5,
    );
    expect(
      new Set(
        ofKind(events, 'hop')
          .filter(({ hop }) => hop < 3)
          .map(({ outcome }) => outcome),
      ),
    ).toEqual(new Set(['answered']));
  });

  test.each(['icmp', 'udp', 'tcp'] as const)('trace by %s in IPv6', async (protocol) => {
    const port = protocol === 'tcp' ? { port: 81 } : {};
    const { events } = await look('trace', traceOf({ target: target6, protocol, ...port }), { networks });
    expect(wayOf(events)).toEqual(['fd00:91:1::1', 'fd00:91:2::2', target6]);
  });

  test('trace past a router that says nothing', async () => {
    inNamespace(
      hosts.first,
      'nft',
      'add table inet mute; add chain inet mute out { type filter hook output priority 0; }; add rule inet mute out icmp type time-exceeded drop',
    );
    try {
      const { events } = await look('trace', traceOf({ protocol: 'udp' }));
      expect(wayOf(events)).toEqual(['', '10.91.2.2', target]);
    } finally {
      inNamespace(hosts.first, 'nft', 'delete table inet mute');
    }
  });

  test.each(['connect', 'syn'] as const)('scan by %s finds what is open, closed and filtered', async (method) => {
    const { events, ended } = await look('scan', scanOf({ method }), { networks });
    console.log(`scan by ${method}: ${ended.detail}`);
    expect(statesOf(events)).toEqual(tcpTruth);
    expect(ended.summary).toMatchObject({ ports: 6, open: 2, closed: 2, filtered: 2 });
  });

  test('scan by UDP finds what answers, what is closed, and what is silent', async () => {
    const { events, ended } = await look('scan', scanOf({ method: 'udp', ports: '7,53-57' }), { networks });
    console.log(`scan by udp: ${ended.detail}`);
    expect(statesOf(events)).toEqual(udpTruth);
  });

  test('scan by UDP of a host that tells of one closed port a second waits for it', { timeout: 60_000 }, async () => {
    inNamespace(hosts.target, 'sysctl', '-qw', 'net.ipv4.icmp_ratelimit=1000');
    try {
      const { ended } = await look('scan', scanOf({ method: 'udp', ports: '100-114' }), { networks });
      expect(ended.summary).toMatchObject({ ports: 15, closed: 15 });
    } finally {
      inNamespace(hosts.target, 'sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0');
    }
  });

  test('scan reads banners, and shows their controls as numbers', async () => {
    const { events } = await look('scan', scanOf({ ports: '22,80', banners: true }), { networks });
    expect(ofKind(events, 'port').map(({ port, service, banner }) => [port, service, banner])).toEqual(
      expect.arrayContaining([
        [22, 'ssh', String.raw`SSH-2.0-Known\x1b[2J<b>`],
        [80, 'http', 'HTTP/1.1 200 OK'],
      ]),
    );
  });

  test('scan of every port keeps its rate, and tells the open ones', { timeout: 120_000 }, async () => {
    const started = performance.now();
    const { events, ended } = await look('scan', scanOf({ method: 'syn', ports: '1-5000', rate: 1_000 }), { networks });
    const seconds = (performance.now() - started) / 1_000;
    console.log(`5,000 ports in ${seconds.toFixed(1)} s: ${ended.detail}`);
    expect(seconds, 'at most 500 a second, whatever was asked for').toBeGreaterThan(5_000 / 500 - 1);
    expect(Object.keys(statesOf(events)).map(Number)).toEqual([22, 80, 443]);
    expect(ended.summary).toMatchObject({ ports: 5_000, open: 3, filtered: 2 });
    expect(ofKind(events, 'progress').length).toBeGreaterThan(5);
  });

  describe.skipIf(nmapMissing)('and nmap', () => {
    test.each([
      ['-sT', 'connect', '22,80-84'],
      ['-sS', 'syn', '22,80-84'],
      ['-sU', 'udp', '7,53-57'],
    ] as const)('with %s says the same as %s', { timeout: 120_000 }, async (flag, method, ports) => {
      const printed = inNamespace(hosts.near, 'nmap', '-n', '-Pn', flag, '-p', ports, '-oG', '-', target);
      const list = /Ports: ([^\t\n]*)/.exec(printed)![1]!;
      const theirs = Object.fromEntries(
        [...list.matchAll(/(\d+)\/([a-z|]+)\//g)].map(([, port, state]) => [port, state]),
      );
      const { events } = await look('scan', scanOf({ method, ports }), { networks });
      console.log(`nmap ${flag}: ${JSON.stringify(theirs)}; ${method}: ${JSON.stringify(statesOf(events))}`);
      // Port 7 repeats what it gets; nmap sends it nothing that it takes for an answer.
      expect(statesOf(events)).toEqual({ ...theirs, ...(method === 'udp' && { 7: 'open' }) });
    });
  });

  test('without rights a scan goes by connections and says so, and what cannot be done is refused with what it takes', async () => {
    const program = `import { look } from '${repository}agent/src/tools/test-run.ts';
      const networks = ${JSON.stringify(networks)};
      const told = async (tool, parameters) => look(tool, parameters, { networks }).then(
        ({ ended }) => ended.detail, (error) => 'refused: ' + error.message);
      console.log(JSON.stringify([
        await told('scan', ${JSON.stringify(scanOf({ method: 'syn' }))}),
        await told('ping', ${JSON.stringify(pingOf())}),
        await told('trace', ${JSON.stringify(traceOf({ protocol: 'tcp' }))}),
        await told('trace', ${JSON.stringify(traceOf({ protocol: 'udp' }))}),
      ]));`;
    const printed = inNamespace(
      hosts.near,
      ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath],
      ...['--input-type=module', '-e', program],
    );
    const [scan, ping, tcp, udp] = JSON.parse(printed.trim().split('\n').at(-1)!) as string[];
    expect(scan).toMatch(
      /^2 open, 2 closed, 2 filtered \(by connections: for raw TCP packets the agent needs CAP_NET_RAW/,
    );
    expect(ping).toMatch(/^refused: For ICMP the agent needs CAP_NET_RAW.*ping_group_range/);
    expect(tcp).toMatch(/^refused: For raw TCP packets the agent needs CAP_NET_RAW.*ICMP and UDP may do without/);
    expect(udp).toBe('reached in 3 hops');
  });

  test('each tool runs under a signed offer, and its receipt says how it went', { timeout: 60_000 }, async () => {
    const world = await openBareWorld({ ceiling: JSON.stringify({ allow: 'probe', networks }) });
    await world.update(await world.roster({ operators: [world.operatorOf({ capabilities: ['probe'] })] }));
    const samples: ProbeSample[] = [];
    world.trust.watch((sample) => samples.push(sample));
    const watchId = '00000000000000aa';
    const wanted: { [Name in Exclude<ToolName, 'capture'>]: [ToolParameters[Name], RegExp] } = {
      ping: [pingOf({ target: target6, count: 2 }), /^2 of 2 answered/],
      trace: [traceOf({ protocol: 'udp' }), /^reached in 3 hops$/],
      dns: [
        { name: 'known.test', types: ['A'], resolver: target, transport: 'udp', dnssec: true },
        /^1 of 1 answered, 1 record$/,
      ],
      scan: [scanOf({ method: 'syn' }), /^2 open, 2 closed, 2 filtered$/],
      certificate: [
        { target, port: 443, serverName: 'known.test', startTls: 'none' },
        /^not trusted for this name, 1 weak point$/,
      ],
      http: [{ url: `http://${target}/`, method: 'GET', followRedirects: true }, /^200 OK$/],
      watch: [
        {
          id: watchId,
          target: target6,
          protocol: 'icmp',
          intervalSeconds: 1,
          expiresAt: Math.floor(Date.now() / 1_000) + 600,
        },
        /^every 1 s until 20/,
      ],
    };
    for (const [tool, [parameters, detail]] of Object.entries(wanted)) {
      const offered = await world.offer({ runTool: { tool, parameters: JSON.stringify(parameters) } });
      const receipt = await world.command(offered, { statement: await world.sign(offered) });
      const events = world.answers.flatMap(({ toolOutput }) =>
        toolOutput && Buffer.compare(toolOutput.requestId!, offered.requestId) === 0
          ? readToolEvents(toolOutput.events!)
          : [],
      );
      console.log(`${tool}: ${receipt.outcome}, ${receipt.detail}, ${events.length} events`);
      expect([tool, receipt.outcome]).toEqual([tool, 'completed']);
      expect(receipt.detail).toMatch(detail);
      expect(events.at(-1)).toMatchObject({ kind: 'ended', outcome: 'completed' });
      if (tool === 'dns')
        expect(ofKind(events, 'dns-answer')).toMatchObject([
          { resolver: target, rcode: 'NOERROR', flags: { authenticData: true }, records: [{ data: '192.0.2.7' }] },
        ]);
    }
    await until('three attempts of the watch', () => samples.length >= 3 || undefined);
    expect(samples.every(({ id, answered, rttUs }) => id === watchId && answered && rttUs >= delayMs * 1_000)).toBe(
      true,
    );
    for (const address of ['127.0.0.1', '10.91.1.2', '10.91.2.1', '169.254.169.254', '224.0.0.1', '10.91.1.255']) {
      const request = { tool: 'scan', parameters: JSON.stringify(scanOf({ target: address })) };
      expect((await world.ask({ runTool: request })).refusal).toMatchObject({ code: 'target-refused' });
    }
  });

  test('the same question from another host has its own answer', async () => {
    const near = await look('trace', traceOf({ protocol: 'udp' }));
    moved[Symbol.dispose]();
    moved = moveInto(hosts.beside);
    const beside = await look('trace', traceOf({ protocol: 'udp' }));
    const { ended } = await look('ping', pingOf({ target: '10.91.4.1', count: 2 }));
    moved[Symbol.dispose]();
    moved = moveInto(hosts.near);
    expect(wayOf(near.events)).toEqual(['10.91.1.1', '10.91.2.2', target]);
    expect(wayOf(beside.events)).toEqual(['10.91.4.1', target]);
    expect(ended.summary['maxUs']).toBeLessThan(delayMs * 1_000);
  });
});
