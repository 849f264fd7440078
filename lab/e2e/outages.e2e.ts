// What the pages say while collector or agent are gone, and that they come back by themselves. On a Foretop of its own.
import { type Page, test as base } from '@playwright/test';
import { startCollector } from '../harness/foretop.ts';
import { complaintsOf, desk, expect, type RunningForetop, startForetop } from './running-foretop.ts';
import { holdConnection } from './steady-connection.ts';

/** One for each test: they leave it without a collector. */
const test = base.extend<{ foretop: RunningForetop }>({
  foretop: [
    async ({ browser }, use) => {
      await using foretop = await startForetop(browser, 'goes-away');
      await use(foretop);
    },
    { timeout: 120_000 },
  ],
});

test('a killed collector: the page says so, what it shows goes stale, and it comes back by itself', async ({
  browser,
  foretop,
}) => {
  using held = await holdConnection(100_000);
  await using context = await browser.newContext({ ...desk, storageState: foretop.signedIn, baseURL: foretop.url });
  const [host, fleet] = [await context.newPage(), await context.newPage()];
  const complaints = [complaintsOf(host), complaintsOf(fleet)];
  await host.goto(`/hosts/${foretop.host.id}?q=${held.client}`);
  await fleet.goto('/');
  const rows = host.getByRole('grid', { name: 'Connections' }).getByRole('row').filter({ hasText: held.ends });
  await expect(rows).toHaveCount(2);
  await expect(fleet.getByRole('region', { name: 'Hosts' })).toContainText('Live');

  await foretop.collector.child.kill();
  for (const page of [host, fleet]) {
    await expect(page.getByText(/Not connected since \d\d:\d\d:\d\d/)).toBeVisible();
    await expect(page.getByRole('contentinfo')).toContainText('Not connected');
  }
  await expect(fleet.getByRole('region', { name: 'Hosts' })).toContainText('Stale');
  await expect(host.getByText(/^Stale, /)).toBeVisible();
  await expect(rows, 'what was known stays').toHaveCount(2);
  await expect(host.getByRole('img', { name: /Nothing is received now/ })).toBeVisible();

  await using _ = await startCollector(foretop.collector.dataDir, foretop.collector.port);
  for (const page of [host, fleet]) {
    await expect(page.getByText(/Not connected since/)).toBeHidden({ timeout: 30_000 });
    await expect(page.getByRole('contentinfo')).toContainText('Live');
  }
  await expect(fleet.getByRole('region', { name: 'Hosts' })).toContainText('Live', { timeout: 30_000 });
  await expect(host.getByRole('img', { name: /Now receive/ })).toBeVisible();
  await expect(rows).toHaveCount(2);

  await agentStops(foretop, host, fleet);
  // While the collector was away the browser itself reports each connection that was refused, and each answer that it is still starting.
  const expected = /ERR_CONNECTION_(REFUSED|RESET)|WebSocket connection to .* failed|status of 503/;
  expect(complaints.flat().filter((complaint) => !expected.test(complaint))).toEqual([]);
});

test('what somebody opens while the collector is away is said to follow, and does once it is back', async ({
  browser,
  foretop,
}) => {
  using held = await holdConnection(100_000);
  await using context = await browser.newContext({ ...desk, storageState: foretop.signedIn, baseURL: foretop.url });
  const page = await context.newPage();
  // Nothing is loaded before it is asked for.
  await page.addInitScript('globalThis.requestIdleCallback = () => 0');
  await page.goto(`/hosts/${foretop.host.id}?q=${held.client}`);
  const rows = page.getByRole('grid', { name: 'Connections' }).getByRole('row').filter({ hasText: held.ends });
  await expect(rows).toHaveCount(2);
  await foretop.collector.child.kill();
  await rows.first().click();
  const line = page.getByRole('status').filter({ hasText: 'Not connected since' });
  await expect(line).toContainText('What you opened follows then.');
  const details = page.getByRole('complementary', { name: 'Connection in full' });
  await expect(details).toBeHidden();
  // A letter that waits for the palette can be given up, and then keys mean what they always do.
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/selected=/);
  await rows.first().click();

  await using _ = await startCollector(foretop.collector.dataDir, foretop.collector.port);
  await expect(line).toBeHidden({ timeout: 30_000 });
  await expect(details).toContainText(held.client);
  await expect(page.getByRole('dialog', { name: 'Find or do' })).toBeHidden();
});

test('a part that fails while the collector is there is asked for again, and the page says that it does not come', async ({
  browser,
  foretop,
}) => {
  await using context = await browser.newContext({ ...desk, storageState: foretop.signedIn, baseURL: foretop.url });
  const page = await context.newPage();
  await page.addInitScript('globalThis.requestIdleCallback = () => 0');
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'Hosts' })).toContainText('Live');
  let failing = true;
  await page.route('**/_app/immutable/**', (route) => (failing ? route.abort('connectionreset') : route.continue()));
  await page.keyboard.press('?');
  const line = page.getByRole('status').filter({ hasText: 'A part of this page does not come.' });
  await expect(line.getByRole('button', { name: 'Reload the page' })).toBeVisible();
  failing = false;
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible({ timeout: 20_000 });
  await expect(line).toBeHidden();
});

test('the thread that reads the answers is asked for again like any other part', async ({ browser, foretop }) => {
  using held = await holdConnection(100_000);
  await using context = await browser.newContext({ ...desk, storageState: foretop.signedIn, baseURL: foretop.url });
  const page = await context.newPage();
  let failing = true;
  await page.route('**/workers/**', (route) => (failing ? route.abort('connectionreset') : route.continue()));
  await page.goto(`/connections?q=${held.client}`);
  const line = page.getByRole('status').filter({ hasText: 'A part of this page does not come.' });
  await expect(line).toBeVisible();
  const rows = page.getByRole('grid', { name: 'Connections' }).getByRole('row').filter({ hasText: held.ends });
  await expect(rows).toHaveCount(0);
  failing = false;
  await expect(rows).toHaveCount(2, { timeout: 20_000 });
  await expect(line).toBeHidden();
});

/** The second half of the test: the same pages while the agent is gone. */
async function agentStops(foretop: RunningForetop, host: Page, fleet: Page): Promise<void> {
  await foretop.agent.kill();
  const killedMs = Date.now();
  await expect(fleet.getByRole('region', { name: 'Hosts' })).toContainText('Stale');
  await expect(host.getByRole('status')).toContainText(/Last heard .* ago, at \d\d:\d\d:\d\d/);
  expect(Date.now() - killedMs).toBeLessThan(10_000);
  await using agent = foretop.startAgent();
  await expect(fleet.getByRole('region', { name: 'Hosts' })).toContainText('Live');
  await expect(host.getByRole('status').filter({ hasText: 'Last heard' })).toBeHidden();
  await agent.stop();
}
