// A host whose live connections lead to addresses of known places: a laboratory has no way to any of them.
import { decodeCollectorFrame, unmapAddress } from '@foretop/proto';
import { parseAddress } from '../../collector/src/enrich/parse-address.ts';
import { TestAgent, testIdentity } from '../../collector/test/test-agent.ts';
import { createEnrolToken, type RunningCollector } from '../harness/foretop.ts';

export interface PlacedHost extends Disposable {
  hostId: number;
}

/** Live until it is disposed of: one connection to each address, the first the fastest. */
export async function joinPlacedHost(
  { port, dataDir }: RunningCollector,
  name: string,
  remoteAddresses: readonly string[],
): Promise<PlacedHost> {
  const agent = new TestAgent(`ws://127.0.0.1:${port}/agent`, testIdentity());
  const hostId = await agent.enrol(await createEnrolToken(dataDir), {
    protocolVersion: 3,
    host: {
      ...{ name, cpus: 2, os: 'Debian', kernel: '6.18', arch: 'x86_64', platform: 'linux' },
      addresses: ['10.20.0.1'],
    },
  });
  const opened = remoteAddresses.map((address, index) => ({
    ...{
      handle: index + 1,
      cookie: index + 1,
      protocol: 6,
      state: 1,
      direction: 2,
      comm: 'curl',
      startedUs: 48_000_000,
    },
    ...{ localAddress: Uint8Array.of(10, 20, 0, 1), localPort: 40_000 + index },
    ...{ remoteAddress: unmapAddress(parseAddress(address)!), remotePort: 443 },
    ...{ rxBytes: 1_000_000, rxRate: 1e6 / (index + 1), txBytes: 1_000, txRate: 100 },
  }));
  let leased = false;
  let sequence = 0;
  agent.socket.on('message', (data) => {
    const { watch } = decodeCollectorFrame(data as Buffer);
    if (watch) leased = (watch.ttlMs ?? 0) > 0;
  });
  const tables = () => ({
    ...{ boottimeUs: agent.boottimeUs(), keyFrame: true, hasConnections: true, hasProcesses: true },
    ...{ sequence: ++sequence, opened },
  });
  const show = () => {
    agent.pulse(1_000);
    if (leased) agent.send({ live: tables() });
  };
  show();
  const timer = setInterval(show, 500).unref();
  agent.socket.on('close', () => clearInterval(timer));
  return { hostId, [Symbol.dispose]: () => agent[Symbol.dispose]() };
}
