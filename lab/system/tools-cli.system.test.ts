// The command line's looks from hosts, as a person types them: a real collector, two real agents, and targets of which the truth is known.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host, ToolRun, ToolRunEvent } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Child } from '../harness/child.ts';
import {
  createEnrolToken,
  eventually,
  freePort,
  startAgent,
  startCollector,
  temporaryFolder,
} from '../harness/foretop.ts';
import { namespacesMissing } from '../harness/network-namespace.ts';
import { makeOperator, type Operator } from '../harness/operator.ts';
import { inNamespace, makeRoutedHosts, type RoutedHosts } from '../harness/routed-hosts.ts';

const missing =
  process.platform === 'linux' ? (namespacesMissing() ?? commandMissing('openssl')) : 'network namespaces are of Linux';
if (missing) console.warn(`Skipped lab/system/tools-cli: ${missing}.`);
const tsharkMissing = commandMissing('tshark');
const tcpdumpMissing = commandMissing('tcpdump');
if (tsharkMissing) console.warn(`Skipped what tshark judges in lab/system/tools-cli: ${tsharkMissing}.`);

function commandMissing(command: string): string | undefined {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? `the command \`${command}\` is not installed`
      : undefined;
  }
}

const target = '10.91.3.2';
const names = ['web-1', 'web-2'];
const ceilings = { 'web-1': 'capture-payload', 'web-2': 'capture-headers' } as const;
const patience = { timeout: 240_000 };

let hosts: RoutedHosts;
let operator: Operator;
let folder: string;
const stack = new AsyncDisposableStack();

/** Collector, agents and the person are on one host, the targets on another. */
async function begin(): Promise<void> {
  hosts = stack.use(makeRoutedHosts('cli'));
  folder = stack.use(await temporaryFolder('tools-cli')).path;
  const networkNamespace = hosts.near.name;
  const pair = [join(folder, 'key.pem'), join(folder, 'certificate.pem')] as const;
  const subject = ['-subj', '/CN=known.test', '-addext', `subjectAltName=DNS:known.test,IP:${target}`];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '90', '-keyout', pair[0], '-out', pair[1]];
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' });
  const served = stack.use(
    new Child('targets', ['lab/harness/tool-targets.ts', target, ...pair], { networkNamespace: hosts.target.name }),
  );
  const collector = stack.use(await startCollector(join(folder, 'collector'), await freePort(), { networkNamespace }));
  const token = await createEnrolToken(collector.dataDir);
  for (const name of names) {
    const ceiling = join(folder, `${name}.json`);
    const policy = { allow: ceilings[name as keyof typeof ceilings], signer: 'approve', networks: ['10.91.0.0/16'] };
    await writeFile(ceiling, JSON.stringify(policy), { mode: 0o644 });
    const env = { FORETOP_AGENT_CEILING_FILE: ceiling };
    const options = {
      token: name === names[0] ? token : await createEnrolToken(collector.dataDir),
      env,
      networkNamespace,
    };
    stack.use(startAgent(collector.url, join(folder, name), name, options));
  }
  mkdirSync(join(folder, 'home'));
  const capabilities = ['probe', 'capture-headers', 'capture-payload'] as const;
  operator = await makeOperator(join(folder, 'home'), collector, [...capabilities], networkNamespace);
  await Promise.all([served.waitFor(/^ready$/m), live()]);
}

const live = (): Promise<true> =>
  eventually(
    'two live hosts that know who may sign',
    async () => {
      const { stdout } = await operator.run('hosts', '--json');
      const items = JSON.parse(stdout.toString()) as Host[];
      return items.filter(({ status }) => status === 'live').length === names.length || undefined;
    },
    120_000,
  );

const both = ['--from', names.join(',')];
const one = ['--from', names[0]!];

async function good(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await operator.run(...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr });
  const text = stdout.toString();
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  return text;
}

interface Json {
  run: ToolRun;
  events: ToolRunEvent[];
}
const json = async (...args: string[]): Promise<Json> => JSON.parse(await good(...args, '--json')) as Json;

/** Something on the wire: requests to the target until it is stopped. */
function talk(): Disposable & { ended: Promise<unknown> } {
  const program = `const http = require('http');
    setInterval(() => http.get('http://${target}/secret-path').on('error', () => {}), 100);`;
  const child = spawn('ip', ['netns', 'exec', hosts.near.name, process.execPath, '-e', program], { stdio: 'ignore' });
  return { ended: once(child, 'close'), [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

const tshark = (file: string, ...args: string[]): string[] =>
  execFileSync('tshark', ['-r', file, '-n', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .trim()
    .split('\n')
    .filter(Boolean);

describe.skipIf(missing)('foretop', () => {
  beforeAll(begin, 400_000);
  afterAll(() => stack.disposeAsync(), 60_000);

  test('ping: lines, a table side by side, JSON, and what exit codes say', patience, async () => {
    const text = await good('ping', target, ...both, '--count', '2', '--interval', '200');
    for (const name of names) {
      expect(text).toMatch(new RegExp(`^${name}  1: answered \\d`, 'm'));
      expect(text).toMatch(new RegExp(`^${name} +${target} +2 +0 %`, 'm'));
    }
    const { run, events } = await json('ping', target, ...one, '--tcp', '80', '--count', '2', '--interval', '200');
    expect(run).toMatchObject({ tool: 'ping', status: 'ended', hosts: [{ outcome: 'completed' }] });
    expect(events.map(({ event }) => event.kind)).toEqual(['resolved', 'ping', 'ping', 'ended']);
    const none = await operator.run('ping', '10.91.3.99', ...one, '--count', '1');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining(`No answer to: ${names[0]}`)]);
    const refused = await operator.run('ping', '169.254.169.254', ...one);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/target-refused.*Nothing was signed/s)]);
  });

  test('trace, dig, scan, cert and http find what is there', patience, async () => {
    const way = await good('trace', target, ...both);
    expect(way).toMatch(/^HOP +web-1 +web-2$/m);
    expect(way).toMatch(/^1 +10\.91\.1\.1 /m);
    expect(way).toMatch(/^3 +10\.91\.3\.2 .*reached/m);
    const answer = await good('dig', 'known.test', ...one, '--type', 'A', '--resolver', target, '--dnssec');
    expect(answer).toMatch(/web-1 +10\.91\.3\.2(:53)? +A +NOERROR .* ad +A 192\.0\.2\.7/);
    const ports = await good('scan', target, ...both, '--ports', '22,80-82,443', '--banners');
    expect(ports).toMatch(/^22 +ssh +open SSH-2\.0-Known\\x1b\[2J<b> +open/m);
    expect(ports).not.toMatch(/^81 /m);
    const certificate = await good('cert', target, ...one, '--name', 'known.test');
    expect(certificate).toMatch(/web-1: TLSv1\.3 .* not trusted .*name matches/);
    expect(certificate).toContain('CN=known.test');
    const page = await good('http', `http://${target}/x`, ...one);
    expect(page).toMatch(/web-1 +http:\/\/10\.91\.3\.2\/x +200 OK/);
    const { run } = await json('dig', 'known.test', ...one, '--type', 'A', '--resolver', target);
    expect(run.tool).toBe('dns');
  });

  test('watch is set and says so', patience, async () => {
    const { run } = await json('watch', target, ...one, '--every', '5', '--days', '1');
    expect(run.hosts[0]).toMatchObject({ status: 'ended', outcome: 'completed' });
  });

  test('Ctrl+C ends it on the host', patience, async () => {
    const started = operator.start('ping', target, ...both, '--count', '100');
    await eventually('the first answers', async () => (started.output().stdout.match(/answered/g) ?? [])[2]);
    started.process.kill('SIGINT');
    const { code, stdout, stderr } = await started.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('Not run to its end: web-1, web-2')]);
    expect(stdout.toString()).toMatch(/cancelled/);
    expect(stdout.toString()).toMatch(/^FROM +TO +SENT/m);
  });

  describe('capture', () => {
    test('prints a line a packet, as it comes, and ends well at Ctrl+C', patience, async () => {
      using _ = talk();
      const started = operator.start('capture', ...both, '--interface', 'net1', 'tcp', 'port', '80');
      await eventually(
        'packets of both',
        async () => {
          const { stdout } = started.output();
          return names.every((name) => stdout.includes(`${name}  `)) || undefined;
        },
        90_000,
      );
      started.process.kill('SIGINT');
      const { code, stdout, stderr } = await started.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr });
      const [line] = stdout.toString().split('\n');
      expect(line).toMatch(/^web-[12] {2}\d\d:\d\d:\d\d\.\d{6} 10\.91\.\d\.2 > 10\.91\.\d\.2 TCP .*80/);
      expect(stderr).toMatch(/web-1: \d+ packets/);
      expect(stderr).toMatch(/web-1: cancelled/);
    });

    test.skipIf(tsharkMissing)(
      'writes headers that tshark reads: the packets, and nothing of what they carried',
      patience,
      async () => {
        using _ = talk();
        const file = join(folder, 'headers.pcapng');
        const { code, stderr } = await operator.run(
          'capture',
          ...both,
          '--interface',
          'net1',
          '--seconds',
          '5',
          '-w',
          file,
          'tcp port 80',
        );
        expect({ code, stderr }).toEqual({ code: 0, stderr });
        for (const name of names) {
          const written = join(folder, `headers-${name}.pcapng`);
          expect(statSync(written).mode & 0o777).toBe(0o600);
          const flags = tshark(written, '-T', 'fields', '-e', 'ip.src', '-e', 'tcp.dstport', '-e', 'tcp.flags.str');
          expect(flags.length).toBeGreaterThan(50);
          expect(flags.every((row) => /^10\.91\.[13]\.2\t/.test(row))).toBe(true);
          const told = Number(new RegExp(`${name}: (\\d+) packets`).exec(stderr)![1]);
          expect(flags).toHaveLength(told);
          expect(tshark(written, '-Y', 'frame.cap_len < frame.len').length).toBeGreaterThan(0);
          expect(readFileSync(written).includes('secret-path')).toBe(false);
        }
      },
    );

    test.skipIf(tsharkMissing)(
      'opens payload that nobody on the way could read, into a pipe too',
      patience,
      async () => {
        using _ = talk();
        const args = ['capture', ...one, '--interface', 'net1', '--payload', '--seconds', '4'];
        const { code, stdout, stderr } = await operator.run(...args, '-w', '-', 'tcp port 80');
        expect({ code, stderr }).toEqual({ code: 0, stderr });
        const file = join(folder, 'payload.pcapng');
        await writeFile(file, stdout);
        const paths = tshark(file, '-Y', 'http.request', '-T', 'fields', '-e', 'http.request.uri');
        expect(paths.length).toBeGreaterThan(5);
        expect(new Set(paths)).toEqual(new Set(['/secret-path']));
      },
    );

    test.skipIf(tsharkMissing ?? tcpdumpMissing)('has the packets that tcpdump has beside it', patience, async () => {
      using _ = talk();
      const [file, truth] = [join(folder, 'same.pcapng'), join(folder, 'truth.pcap')];
      const filter = 'tcp port 80 and host 10.91.3.2';
      // Else tcpdump is handed packets once a second, and what waits when it ends is not in its file.
      const atOnce = ['-U', '--immediate-mode'];
      const judge = spawn(
        'ip',
        ['netns', 'exec', hosts.near.name, 'tcpdump', '-Z', 'root', '-i', 'net1', ...atOnce, '-w', truth, filter],
        {
          stdio: ['ignore', 'ignore', 'pipe'],
        },
      );
      await once(judge.stderr, 'data');
      const args = ['capture', ...one, '--interface', 'net1', '--seconds', '4', '-w', file, filter];
      const { code, stderr } = await operator.run(...args);
      await sleep(500);
      judge.kill('SIGINT');
      await once(judge, 'close');
      expect({ code, stderr }).toEqual({ code: 0, stderr });
      const fields = ['ip.src', 'ip.id', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'frame.len'];
      const rows = (path: string) => tshark(path, '-T', 'fields', ...fields.flatMap((field) => ['-e', field]));
      const [found, all] = [rows(file), rows(truth)];
      rmSync(truth);
      const start = all.indexOf(found[0]!);
      expect(start).toBeGreaterThanOrEqual(0);
      expect(found.length).toBeGreaterThan(50);
      expect(found.toSorted()).toEqual(all.slice(start, start + found.length).toSorted());
    });

    test.skipIf(tsharkMissing)('of more than was asked for ends there, and is whole', patience, async () => {
      const server = `require('http').createServer((q, r) => { r.end(Buffer.alloc(16 << 20)); }).listen(9000, '${target}', () => console.log('ready'));`;
      await using served = new Child('source', ['-e', server], { networkNamespace: hosts.target.name });
      await served.waitFor(/^ready$/m);
      const file = join(folder, 'large.pcapng');
      const args = ['capture', ...one, '--interface', 'net1', '--payload', '--seconds', '20', '--max-bytes', '4M'];
      const started = operator.start(...args, '-w', file, 'tcp port 9000');
      await eventually('a file', async () => statSync(file).size >= 0 || undefined, 90_000);
      await sleep(2_000);
      inNamespace(hosts.near, process.execPath, '-e', `fetch('http://${target}:9000').then((r) => r.arrayBuffer())`);
      const { code, stderr } = await started.ended;
      console.log(stderr);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/web-1: (limit|completed): /) });
      expect(statSync(file).size).toBeGreaterThan(3 << 20);
      expect(tshark(file)).toHaveLength(Number(/web-1: (\d+) packets/.exec(stderr)![1]));
    });

    test('closes its file at Ctrl+C, with all that came', patience, async () => {
      using _ = talk();
      const file = join(folder, 'stopped.pcapng');
      const args = ['capture', ...one, '--interface', 'net1', '--payload', '-w', file, 'tcp port 80'];
      const started = operator.start(...args);
      await eventually('a file', async () => statSync(file).size > 5_000 || undefined, 90_000);
      started.process.kill('SIGINT');
      const { code, stderr } = await started.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('web-1: cancelled') });
      if (tsharkMissing) return;
      expect(tshark(file)).toHaveLength(Number(/web-1: (\d+) packets/.exec(stderr)![1]));
    });

    test('ends on the host when nobody reads the pipe any more', patience, async () => {
      using _ = talk();
      const started = operator.start('capture', ...one, '--interface', 'net1', '-w', '-', 'tcp port 80');
      await eventually('packets', async () => started.output().stdout.length > 500 || undefined, 90_000);
      started.process.stdout!.destroy();
      const { code, stderr } = await started.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('web-1: cancelled') });
    });

    test('as JSON is a line a packet, and one for the run', patience, async () => {
      using _ = talk();
      const args = ['capture', ...one, '--interface', 'net1', '--seconds', '3', '--max-bytes', '100K', '--json'];
      const lines = (await good(...args, 'tcp port 80')).trim().split('\n');
      expect(JSON.parse(lines[0]!)).toMatchObject({ host: 'web-1', number: 1, interface: 'net1', protocol: 'TCP' });
      expect(JSON.parse(lines.at(-1)!)).toMatchObject({
        run: { tool: 'capture', status: 'ended' },
        captures: [{ host: 'web-1', packets: lines.length - 1 }],
      });
    });

    test(
      'says what to do: about a filter, a host that allows less, and an interface that is not there',
      patience,
      async () => {
        const wrong = await operator.run('capture', ...one, 'tcp portt 443');
        expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/tcp portt 443\n {6}\^\n/)]);
        const less = await operator.run('capture', '--from', 'web-2', '--payload', '--seconds', '1');
        expect([less.code, less.stderr]).toEqual([
          1,
          expect.stringMatching(/\(not-allowed\)\n {2}It would take "allow": "capture-payload" there\./),
        ]);
        const nowhere = await operator.run('capture', ...one, '--interface', 'net9', '--seconds', '1');
        expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('net9')]);
        const pipe = await operator.run('capture', ...both, '-w', '-');
        expect([pipe.code, pipe.stderr]).toEqual([2, expect.stringContaining('one host only')]);
      },
    );
  });
});
