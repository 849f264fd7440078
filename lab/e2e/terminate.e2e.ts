// Ending a process on a far host from the dashboard: the host's preview, the typed line, each kind of signature, both audit logs.
import { setTimeout as sleep } from 'node:timers/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { run } from '../harness/child.ts';
import { agentMain } from '../harness/foretop.ts';
import { addAuthenticator, registerKey } from './administrator.ts';
import type { FarHost } from './far-host.ts';
import { expect } from './running-foretop.ts';
import { askToTerminate, openProcess, test } from './terminate-steps.ts';

/** Holds a connection to itself and waits; on SIGTERM it ends as programs do. */
const program = `
  process.title = 'far-worker';
  const server = require('node:net').createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1', () => {
    require('node:net').connect(server.address().port, '127.0.0.1').on('error', () => console.log('cut'));
    console.log('listening ' + server.address().port);
  });`;

async function auditShows(page: Page, host: FarHost, pid: number): Promise<void> {
  await page.goto(`/audit?host=${host.id}&action=command.receipt`);
  const row = page
    .getByRole('grid', { name: 'Audit log' })
    .getByRole('row')
    .filter({ hasText: `${pid}` });
  await expect(row).toContainText('mira');
  await expect(row).toContainText('done');
  const told = await run([agentMain, 'audit', 'show', '--data', host.dataDir]);
  expect(told).toMatch(new RegExp(`command-ended.*${pid}`));
  expect(await run([agentMain, 'audit', 'verify', '--data', host.dataDir])).toContain('unbroken');
}

test('with the key of this browser', async ({ page, all }) => {
  await registerKey(page, 'This browser', 'lab laptop');
  const victim = all.lab.start(program);
  await victim.waitFor(/^listening/m);
  await openProcess(page, all.lab, victim.pid);
  const dialog = await askToTerminate(page);
  await expect(dialog).toContainText(process.execPath);
  await expect(dialog).toContainText(/connections? closes?, to/);
  await expect(dialog).toContainText('TERM now');
  await expect(dialog).toContainText('No server can raise it');
  const send = dialog.getByRole('button', { name: 'Sign and send' });
  const line = dialog.getByRole('textbox');
  await expect(line).toBeFocused();
  for (const wrong of ['', 'far-lab', `far-prod ${victim.pid}`, `far-lab ${victim.pid}0`]) {
    await line.fill(wrong);
    await page.keyboard.press('Enter');
    await expect(send).toBeDisabled();
  }
  await sleep(1_000);
  expect(victim.running).toBe(true);
  await expect(dialog).toContainText(/The offer lives \d+ s more/);
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page }).include('dialog').analyze()).violations).toEqual([]);
  }

  await line.fill(`far-lab ${victim.pid}`);
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('It is gone')).toBeVisible({ timeout: 30_000 });
  await expect(dialog).toContainText('Receipt signed by far-lab');
  await victim.exited();
  expect(victim.process.signalCode).toBe('SIGTERM');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('complementary', { name: 'Process in full' })).toContainText('It has ended');
  await auditShows(page, all.lab, victim.pid);
});

test('with a passkey, where the host takes nothing weaker', async ({ page, all }) => {
  await addAuthenticator(page);
  await registerKey(page, 'Passkey', 'touch key');
  const victim = all.prod.start(program);
  await victim.waitFor(/^listening/m);
  await openProcess(page, all.prod, victim.pid);
  const dialog = await askToTerminate(page);
  await expect(dialog.getByRole('radio', { name: /browser/ })).toBeDisabled();
  await expect(dialog).toContainText('The host asks for a stronger kind of signature');
  await expect(dialog.getByRole('radio', { name: /^Passkey/ })).toBeChecked();
  await dialog.getByRole('textbox').fill(`far-prod ${victim.pid}`);
  await dialog.getByRole('button', { name: 'Sign and send' }).click();
  await expect(dialog.getByText('It is gone')).toBeVisible({ timeout: 30_000 });
  await victim.exited();
  await auditShows(page, all.prod, victim.pid);
});

test('one connection is cut, and its process goes on', async ({ page, all }) => {
  await registerKey(page, 'This browser', 'cutting laptop');
  const victim = all.lab.start(program);
  const [, port] = await victim.waitFor(/^listening (\d+)$/m);
  await page.goto(`/hosts/${all.lab.id}?q=${port}`);
  const rows = page.getByRole('grid', { name: 'Connections' }).getByRole('row');
  await rows
    .filter({ hasText: 'Established' })
    .filter({ hasText: new RegExp(`127.0.0.1:${port}.*127.0.0.1:\\d+`) })
    .first()
    .click();
  await page.getByRole('button', { name: 'Close connection…' }).click();
  const dialog = page.getByRole('dialog', { name: /^Close a connection/ });
  const phrase = await dialog.locator('label b').textContent();
  await dialog.getByRole('textbox').fill(phrase!);
  await dialog.getByRole('button', { name: 'Sign and send' }).click();
  await expect(dialog.getByText('The connection is closed')).toBeVisible({ timeout: 30_000 });
  await victim.waitFor(/^cut$/m);
  expect(victim.running).toBe(true);
});

test('a protected process is refused by the host, whatever the page asks', async ({ page, all }) => {
  await openProcess(page, all.lab, all.lab.agent.pid);
  const dialog = await askToTerminate(page);
  await expect(dialog.getByRole('alert')).toContainText('The process is protected');
  await expect(dialog.getByRole('textbox')).toHaveCount(0);
  expect(all.lab.agent.running).toBe(true);
});

test('a host that takes only approve gets its command queued, and the queue can be emptied', async ({ page, all }) => {
  await page.goto('/settings/keys');
  const victim = all.vault.start(program);
  await victim.waitFor(/^listening/m);
  await openProcess(page, all.vault, victim.pid);
  const dialog = await askToTerminate(page);
  await dialog.getByRole('textbox').fill(`far-vault ${victim.pid}`);
  await dialog.getByRole('button', { name: 'Queue for approval' }).click();
  await expect(dialog).toContainText('foretop approve');
  await dialog.getByRole('link', { name: 'Approvals' }).click();
  const waiting = page.getByRole('listitem').filter({ hasText: `${victim.pid}` });
  await expect(waiting).toContainText('Waits for a signature');
  await waiting.getByRole('button', { name: 'Withdraw' }).click();
  await expect(waiting).toHaveCount(0);
  await page.getByRole('button', { name: 'All' }).click();
  await expect(waiting.filter({ hasText: 'Withdrawn' })).toHaveCount(1);
  expect(victim.running).toBe(true);
});

test('a grey button says why', async ({ page, all }) => {
  const { id } = all.foretop.host;
  await page.goto(`/hosts/${id}?tab=processes&q=${process.pid}`);
  await page.getByRole('grid', { name: 'Processes' }).getByRole('gridcell').first().click();
  const button = page.getByRole('button', { name: 'Terminate…' });
  await expect(button).toHaveAccessibleDescription(/does not allow terminate. Root can change it/);
  await button.click({ force: true });
  await page.keyboard.press('x');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});
