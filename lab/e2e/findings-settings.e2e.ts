// Settings of detection: thresholds with a backtest, channels that can be tested, what is installed.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from './running-foretop.ts';
import { test } from './seeded-foretop.ts';

test('a threshold is tried on the history, saved, and put back', async ({ seededPage: page }) => {
  await page.goto('/settings/detectors');
  const line = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'Port scan', exact: true }) });
  await expect(line).toContainText('on');
  await line.getByRole('button', { name: /^Change/ }).click();
  const value = page.getByRole('table', { name: 'Thresholds of Port scan' }).getByRole('textbox').first();
  const usual = await value.inputValue();
  await value.fill('-1');
  await expect(page.getByText(/^From /)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save the thresholds' })).toBeDisabled();
  await value.fill(String(Number(usual) * 1.25));
  await page.getByRole('combobox', { name: 'Span of the backtest' }).selectOption({ label: 'the last hour' });
  await page.getByRole('button', { name: 'Run it' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'findings a host a day' })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Save the thresholds' }).click();
  await expect(line).toContainText('own thresholds');
  await line.getByRole('button', { name: /^Change/ }).click();
  await page.getByRole('button', { name: 'Defaults' }).click();
  await page.getByRole('button', { name: 'Save the thresholds' }).click();
  await expect(line).not.toContainText('own thresholds');
});

test('a detector is switched off and on', async ({ seededPage: page }) => {
  await page.goto('/settings/detectors?detector=clock-skew');
  const line = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'Clock off', exact: true }) });
  await page.getByRole('button', { name: 'Switch off' }).click();
  await expect(line).toContainText('off');
  await line.getByRole('button', { name: /^Change/ }).click();
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('Clock off is on.')).toBeVisible();
});

test('a webhook is made, its secret shown once, and tested; a route leads to it', async ({ seededPage: page }) => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await page.goto('/settings/notifications');
    await page.getByRole('button', { name: 'New channel' }).click();
    const dialog = page.getByRole('dialog', { name: 'New channel' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill('pager');
    await dialog.getByRole('textbox', { name: 'URL' }).fill(`http://127.0.0.1:${port}/hook`);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('It is shown only here.')).toBeVisible();
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('button', { name: 'Test pager' }).click();
    await expect(page.getByText('The test reached pager.')).toBeVisible();
    expect(bodies).toHaveLength(1);

    await page.getByRole('button', { name: 'New route' }).click();
    const route = page.getByRole('dialog', { name: 'New route' });
    await route.getByRole('textbox', { name: 'Name' }).fill('at night');
    await route.getByRole('checkbox', { name: /^Quiet hours/ }).check();
    await route.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('row', { name: /at night/ })).toContainText('quiet 22:00 to 06:00 but for critical');
    await page.getByRole('button', { name: /^Sent/ }).click();
    await expect(page.getByRole('table', { name: 'Messages' })).toContainText('test');
    await page.getByRole('button', { name: 'Delete at night' }).click();
    await page.getByRole('button', { name: 'Delete pager' }).click();
    await expect(page.getByText('Nobody is told of findings yet.')).toBeVisible();
  } finally {
    server.close();
  }
});

test('what is installed to place addresses, and a way to read it again', async ({ seededPage: page }) => {
  await page.goto('/settings/lists');
  await expect(page.getByText('Countries and cities')).toBeVisible();
  await page.getByRole('button', { name: 'Read them again' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Read again.' })).toBeVisible();
});
