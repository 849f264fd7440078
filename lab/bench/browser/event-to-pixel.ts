// From a connection that this process opens to the frame in which its row stands in the table of a watched host.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { eventually } from '../../harness/foretop.ts';
import { notePorts, whenSeen } from './in-page.ts';

/** Milliseconds of each sample. The page shows this host's connections; the search leaves only those of the server. */
export async function eventToPixel(page: Page, hostUrl: string, samples: number): Promise<number[]> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await page.goto(`${hostUrl}?q=${port}`);
  await page.getByRole('gridcell').first().waitFor();
  await notePorts(page);
  const found: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    await sleep(300 + Math.random() * 1000);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const openedMs = Date.now();
    const client = socket.localPort!;
    const seenMs = await eventually(
      `port ${client} in the table`,
      async () => (await whenSeen(page, client)) ?? undefined,
    );
    found.push(seenMs - openedMs);
    socket.destroy();
  }
  server.close();
  return found;
}
