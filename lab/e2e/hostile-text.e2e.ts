// Text from a host is text: markup does not become elements, nothing runs, and characters that turn text around are shown as codes.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from './running-foretop.ts';

const markup = '<img src=x onerror=alert(1)>';
const script = '<script>alert(2)</script>';
const turned = 'gnp\u202Eexe.txt';

test('markup and bidi characters in a process', async ({ signedInPage: page, foretop }) => {
  const server = createServer((socket) => socket.resume().on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  // The title goes to the kernel's short name and to the command line; the connection brings the name into two tables.
  const program = `process.title = ${JSON.stringify('<b>x\u202Ey</b>')}; require('net').connect(${port}, '127.0.0.1'); setInterval(() => {}, 1000)`;
  const hostile = spawn(
    process.execPath,
    [
      '-e',
      'require("net").connect(+process.argv[1], "127.0.0.1"); setInterval(() => {}, 1000)',
      `${port}`,
      markup,
      script,
      turned,
    ],
    { stdio: 'ignore' },
  );
  const titled = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  try {
    await page.goto(`/hosts/${foretop.host.id}?q=${port}`);
    const connections = page.getByRole('grid', { name: 'Connections' });
    const named = connections.getByRole('row').filter({ hasText: `${titled.pid}` });
    await expect(named).toContainText('<b>x⟨202E⟩y</b>');
    await named.click();
    await expect(page.getByRole('complementary', { name: 'Connection in full' })).toContainText('<b>x⟨202E⟩y</b>');

    await page.goto(`/hosts/${foretop.host.id}?tab=processes&q=${hostile.pid}`);
    const row = page
      .getByRole('grid', { name: 'Processes' })
      .getByRole('row')
      .filter({ hasText: `${hostile.pid}` })
      .last();
    await row.click();
    const details = page.getByRole('complementary', { name: 'Process in full' });
    for (const text of [markup, script, 'gnp⟨202E⟩exe.txt']) await expect(details).toContainText(text);
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(await page.locator('b', { hasText: /^x.*y$/ }).count()).toBe(0);
  } finally {
    for (const child of [hostile, titled]) child.kill('SIGKILL');
    server.close();
  }
});
