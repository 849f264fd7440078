// A host in an attacker's hands: every text that an agent can send is markup, escapes, turned text and a formula, and says which field it is of.
import { randomBytes } from 'node:crypto';
import { decodeCollectorFrame, DnsKind, DnsRole, DnsTransport, type SealedBatch } from '@foretop/proto';
import { bootUs, sealBatch, segmentOf, type TestHost } from '../../collector/test/batches.ts';
import { TestAgent, testIdentity } from '../../collector/test/test-agent.ts';
import { createEnrolToken, type RunningCollector } from '../harness/foretop.ts';

/** A formula first, since it counts only there. */
export const evil = (field: string, length = 255) =>
  `=1+${field}<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>\u202e\u2066\u200b\u001b]0;taken\u0007\u001b[2J`.slice(
    0,
    length,
  );
/** What no page, no file and no terminal may show as it is: ECMA-48 controls, directional and invisible characters. */
export const raw = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;

/** Of these, what turns or drives a terminal: JSON keeps the invisible ones, for programs. */
export const steering = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const pid = 4_711;
const comm = evil('comm', 60);
const process = {
  ...{ pid, startTicks: pid, startedUs: 47_110_000, parentPid: 1, comm, executable: evil('executable') },
  ...{ commandLine: evil('command-line'), user: evil('user'), cgroup: evil('cgroup'), unit: evil('unit') },
  ...{ containerRuntime: evil('runtime', 60), containerId: evil('container', 64) },
};
const exchange = {
  ...{ answered: true, pid, pidStartTicks: pid, transport: DnsTransport.DNS_TRANSPORT_UDP, type: 1, rcode: 0 },
  ...{ kind: DnsKind.DNS_KIND_DNS, role: DnsRole.DNS_ROLE_CLIENT },
  ...{ peerAddress: Uint8Array.of(192, 0, 2, 53), peerPort: 53 },
};

export interface HostileHost extends Disposable {
  hostId: number;
}

/** Live until it is disposed of; it answers leases with live tables. */
export async function joinHostileHost({ port, dataDir }: RunningCollector): Promise<HostileHost> {
  const identity = testIdentity();
  const agent = new TestAgent(`ws://127.0.0.1:${port}/agent`, identity);
  const facts = { os: evil('os'), kernel: evil('kernel'), arch: evil('arch', 60), platform: evil('platform', 60) };
  const hostId = await agent.enrol(await createEnrolToken(dataDir), {
    ...{ protocolVersion: 3, agentVersion: evil('version', 60) },
    host: { name: evil('name'), addresses: [evil('address', 60)], cpus: 2, ...facts },
    sources: [{ name: evil('source', 60), available: false, reason: evil('reason'), remedy: evil('remedy') }],
    policy: {
      ...{ allowed: ['observe', evil('allowed')], weakestSigner: 'browser', labels: [evil('label')] },
      ...{ networks: [evil('network')], source: evil('policy'), withheld: [evil('withheld')] },
    },
  });
  record(agent, { hostId, epoch: randomBytes(8), bootId: identity.bootId, offsetUs: identity.offsetUs });
  let leased = false;
  let sequence = 0;
  agent.socket.on('message', (data) => {
    const { watch } = decodeCollectorFrame(data as Buffer);
    if (watch) leased = (watch.ttlMs ?? 0) > 0;
  });
  const show = () => {
    agent.pulse(1_000);
    if (leased) agent.send({ live: { ...tables(agent), sequence: ++sequence } });
  };
  show();
  const timer = setInterval(show, 500).unref();
  agent.socket.on('close', () => clearInterval(timer));
  return { hostId, [Symbol.dispose]: () => agent[Symbol.dispose]() };
}

/** What is kept: a process, a connection, a question, a gap. */
function record(agent: TestAgent, host: TestHost): void {
  const at = bootUs(host) - 10_000_000;
  const { epoch, sequence, previousSequence, payload, payloadBytes } = sealBatch(host, 1, {
    strings: ['', comm, evil('server-name', 200), evil('dns', 200)],
    processes: [process],
    segments: [segmentOf(host, 77, { pid, pidStartTicks: pid, comm: 1, name: 2, nameSource: 2, alpn: 1 })],
    dnsExchanges: [{ ...exchange, askedUs: at, comm: 1, name: 3, canonicalNames: [3], count: 1 }],
    gaps: [{ startUs: at - 20_000_000, endUs: at - 10_000_000, reason: 'spool-full', lost: 1, detail: evil('gap') }],
  });
  agent.batch({ epoch, sequence, previousSequence, payload, payloadBytes } satisfies Partial<SealedBatch>);
}

const tables = (agent: TestAgent) => ({
  ...{ boottimeUs: agent.boottimeUs(), keyFrame: true, hasConnections: true, hasProcesses: true },
  started: [{ identity: process, state: '<' }],
  interfaces: [{ name: evil('interface', 30), up: true }],
  opened: [
    {
      ...{ handle: 1, cookie: 77, protocol: 6, state: 1, direction: 2, pid, pidStartTicks: pid, comm },
      ...{ localAddress: Uint8Array.of(10, 0, 0, 1), localPort: 40_000, startedUs: 48_000_000 },
      ...{ remoteAddress: Uint8Array.of(192, 0, 2, 1), remotePort: 443 },
    },
  ],
  dns: [{ ...exchange, askedUs: agent.boottimeUs() - 1_000_000, comm, name: evil('dns', 200) }],
});
