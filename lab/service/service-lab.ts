// A collector behind TLS with a release to hand out, and a host with systemd that knows it by name.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host, List } from '@foretop/proto/api';
import {
  apiClient,
  createApiToken,
  createEnrolToken,
  eventually,
  freePort,
  type RunningCollector,
  startCollector,
  temporaryFolder,
} from '../harness/foretop.ts';
import { makeCertificates } from './certificates.ts';
import { docker } from './docker.ts';
import { startSystemdHost, type SystemdHost } from './systemd-host.ts';
import { startTlsFront, type TlsFront } from './tls-front.ts';

const name = 'collector.test';

export interface ServiceLab extends AsyncDisposable {
  host: SystemdHost;
  /** As this machine knows it. */
  collector: Pick<RunningCollector, 'url' | 'dataDir'>;
  front: TlsFront;
  /** As the host knows the collector. */
  url: string;
  /** The folder that the collector serves the release from, this lab's own copy. */
  release: string;
  get<Body>(path: string): Promise<Body>;
  /** Puts a new token on the host. @returns the file. */
  token(): Promise<string>;
  /** The line that a person copies, with these options. */
  line(options: string): string;
  /** Waits until the only host that is live has what `accept` asks for. */
  live(accept?: (host: Host) => boolean): Promise<Host>;
}

/** The host has the lab's certificate authority in /root/ca.pem. */
export async function startServiceLab(label: string, built: string): Promise<ServiceLab> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.use(await temporaryFolder(label));
    const release = join(folder.path, 'release');
    cpSync(built, release, { recursive: true });
    const certificates = makeCertificates(name);
    const gateway = docker('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Gateway}}').trim();
    const port = await freePort();
    const front = stack.use(await startTlsFront(gateway, port, certificates));
    const url = `https://${name}:${front.port}`;
    const env = { FORETOP_PUBLIC_URL: url, FORETOP_RELEASE: release };
    const collector = stack.use(await startCollector(`${folder.path}/data`, port, { env }));
    const get = apiClient(collector.url, await createApiToken(collector.dataDir, 'viewer'));
    const host = stack.use(await startSystemdHost(label, { [name]: gateway }));
    writeFileSync(join(folder.path, 'ca.pem'), certificates.authority);
    host.copyIn(join(folder.path, 'ca.pem'), '/root/ca.pem');
    const owned = stack.move();
    return {
      host,
      collector,
      front,
      url,
      release,
      get,
      async token() {
        const file = '/root/token';
        writeFileSync(join(folder.path, 'token'), await createEnrolToken(collector.dataDir));
        host.copyIn(join(folder.path, 'token'), file);
        return file;
      },
      line: (options) =>
        `set -o pipefail; curl -fsSL --cacert /root/ca.pem ${url}/install.sh | sh -s -- --ca /root/ca.pem ${options}`,
      live: (accept = () => true) =>
        eventually(
          'the host to be live',
          async () => {
            const { items } = await get<List<Host>>('/api/v1/hosts');
            return items.find((item) => item.status === 'live' && accept(item));
          },
          60_000,
        ),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
