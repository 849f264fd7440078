// Add host: a token is made, the lines hold it, and a real agent that uses it turns the waiting row green.
import { join } from 'node:path';
import { startAgent, temporaryFolder } from '../harness/foretop.ts';
import { complaintsOf, desk, expect, startForetop, test } from './running-foretop.ts';

test('a host arrives', async ({ browser }) => {
  test.setTimeout(240_000);
  await using foretop = await startForetop(browser, 'first-host');
  await using folder = await temporaryFolder('second-host');
  await using context = await browser.newContext({ ...desk, storageState: foretop.signedIn, baseURL: foretop.url });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto('/add');
  await expect(page.getByRole('note').filter({ hasText: 'which other hosts cannot reach' })).toBeVisible();
  await expect(page.getByRole('radio', { name: /observe/ })).toBeChecked();
  await expect(page.getByText('The host appears here')).toBeVisible();

  await page.getByRole('button', { name: 'Make a token and show the lines' }).click();
  await expect(page.getByText('Waiting for the host')).toBeVisible();
  const lines = page.locator('code').filter({ hasText: /fte|install\.sh/ });
  const token = /echo '([^']+)'/.exec((await lines.allInnerTexts()).join('\n'))?.[1];
  expect(token).toBeDefined();
  await expect(page.getByText(`curl -fsSL ${foretop.url}/install.sh | sudo sh -s -- --token-file`)).toBeVisible();
  await expect(page.getByRole('main')).toContainText('What it cannot prove');
  await page.getByRole('radio', { name: /probe/ }).check();
  await expect(page.getByText('--ceiling probe')).toBeVisible();
  await page.getByRole('button', { name: 'Docker' }).click();
  await expect(page.getByText('--network host --pid host')).toBeVisible();
  await page.getByRole('button', { name: 'By hand' }).click();
  await expect(page.getByText('npx foretop-agent run')).toBeVisible();

  await using agent = startAgent(foretop.url, join(folder.path, 'agent'), 'second-host', { token: token! });
  const row = page.getByRole('status').filter({ hasText: 'second-host' });
  await expect(row, agent.output).toContainText(/Live, .* after it enrolled/, { timeout: 60_000 });
  await expect(row).toContainText('Token accepted');
  await expect(row).toContainText(/First \d+ connections stored/, { timeout: 60_000 });
  await row.getByRole('link', { name: 'Open host' }).click();
  await expect(page.getByRole('heading', { name: 'second-host' })).toBeVisible();
  expect(complaints).toEqual([]);
});
