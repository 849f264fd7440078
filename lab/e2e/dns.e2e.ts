// Names that a process of this host really asks for, on the DNS page: through eBPF as root, else where the agent may open a packet socket.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { Resolver } from 'node:dns/promises';
import type { Host, List } from '@foretop/proto/api';
import { createApiToken, apiClient } from '../harness/foretop.ts';
import { expect, test } from './running-foretop.ts';
import { cellsOf } from './tables.ts';

const resolverAddress = '127.0.0.77';

/** A process of its own: a question of a process that answers the same name is one that it forwards, and is not listed. */
async function startResolver(): Promise<AsyncDisposable> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'name-server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

test('what a process asks stands on the DNS page, with the process and the answer', async ({
  signedInPage: page,
  foretop,
}, info) => {
  const leaveOut = (reason: string) => {
    console.log(`Left out: ${reason}`);
    info.skip(true, reason);
  };
  if (process.getuid?.() !== 0) leaveOut('binding port 53 and seeing packets need root');
  const get = apiClient(foretop.url, await createApiToken(foretop.collector.dataDir, 'viewer'));
  const { items } = await get<List<Host>>('/api/v1/hosts');
  const sees = items.flatMap(({ sources }) => sources).some(({ name, available }) => available && /dns/.test(name));
  if (!sees) leaveOut('this kernel lets the agent see no DNS');
  await using _ = await startResolver();
  const resolver = new Resolver();
  resolver.setServers([resolverAddress]);
  const name = `asked-${Date.now()}.example`;

  await page.goto(`/dns?name=${name}`);
  const grid = page.getByRole('grid', { name: 'DNS questions' });
  const rows = grid.locator('[role="row"][aria-rowindex]').filter({ has: page.getByRole('gridcell') });
  expect(await resolver.resolve4(name)).toEqual(['192.0.2.7']);
  await expect(rows.filter({ hasText: name })).not.toHaveCount(0, { timeout: 30_000 });
  expect(await cellsOf(grid, rows.first())).toMatchObject({
    Host: foretop.host.name,
    Process: expect.stringContaining(basename(process.execPath)),
    Name: name,
    Type: 'A',
    Result: 'NOERROR',
    Answer: '192.0.2.7',
  });
  await rows.first().click();
  const details = page.getByRole('complementary', { name: 'DNS question in full' });
  await expect(details).toContainText(resolverAddress);
  await expect(details).toContainText(`${process.pid}`);
});
