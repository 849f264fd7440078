// A host whose agent has died, on its page and in the fleet, for longer than a moment.
import type { ConnectionList } from '@foretop/proto/api';
import { test } from '@playwright/test';
import { apiClient, createApiToken, eventually } from '../harness/foretop.ts';
import { complaintsOf, desk, expect, startForetop } from './running-foretop.ts';

test('a host that stays away: offline since when, still in its place and counted, nothing of then as if of now', async ({
  browser,
}) => {
  test.setTimeout(240_000);
  await using foretop = await startForetop(browser, 'stays-away');
  await using context = await browser.newContext({ ...desk, storageState: foretop.signedIn, baseURL: foretop.url });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto('/');
  const tile = page.getByRole('region', { name: 'Hosts' }).getByRole('link', { name: foretop.host.name });
  await expect(tile).toContainText('Live');
  const get = apiClient(foretop.url, await createApiToken(foretop.collector.dataDir, 'viewer'));
  const now = () => new Date().toISOString();
  await eventually('its connections to be on record', async () => {
    const { items } = await get<ConnectionList>(`/api/v1/hosts/${foretop.host.id}/connections?limit=1&at=${now()}`);
    return items[0];
  });
  await foretop.agent.kill();
  await expect(tile).toContainText(/Offline, since \d\d:\d\d/, { timeout: 90_000 });
  await expect(tile).toContainText('– conns');
  const offline = page.getByRole('group', { name: 'Hosts by state' }).getByRole('button', { name: 'offline' });
  await expect(offline).toContainText('1');
  await offline.click();
  await expect(tile).toBeVisible();
  await tile.click();
  await expect(page.getByRole('heading', { name: foretop.host.name })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Last heard' })).toContainText('as soon as it is back');
  await expect(page.getByRole('grid', { name: 'Connections' })).toContainText('cannot be asked');
  await page.getByRole('tab', { name: 'Interfaces' }).click();
  // Whatever its agent had told of whole minutes; of none, that too is said.
  await expect(page.getByRole('region', { name: 'Interfaces' })).toContainText(/interfaces? (is )?on record/);
  await page.getByRole('tab', { name: 'Connections' }).click();
  await page.getByRole('button', { name: 'Show the host as it was then' }).click();
  await expect(page).toHaveURL(/\/hosts\/\d+\?(.*&)?at=/);
  await expect(page.getByRole('grid', { name: 'Connections' }).locator('[aria-rowindex="2"]')).toBeVisible();
  expect(complaints).toEqual([]);
});
