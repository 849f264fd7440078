// The Tools page against real agents in network namespaces: asked, signed by the browser, side by side, the odd one told, found again.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { addAuthenticator, makeAdministrator, openAs, registerKey } from './administrator.ts';
import { type FarHost, startFarHost } from './far-host.ts';
import { complaintsOf, type RunningForetop, startForetop } from './running-foretop.ts';

interface Looking {
  /** Its own host allows `observe` only. */
  foretop: RunningForetop;
  admin: Awaited<ReturnType<typeof makeAdministrator>>;
  /** A server listens on it. */
  north: FarHost;
  south: FarHost;
}

const networks = ['127.0.0.0/8'];
const port = 18_080;
/** A page, and an evil name of itself in its headers. */
const server = `
  require('node:http').createServer((_, response) => {
    response.setHeader('x-name', '<img src=x onerror=alert(1)>');
    response.end('hello');
  }).listen(${port}, '127.0.0.1', () => console.log('listening'));`;

const test = base.extend<{ page: Page }, { all: Looking }>({
  all: [
    async ({ browser }, use) => {
      await using stack = new AsyncDisposableStack();
      const foretop = stack.use(await startForetop(browser, 'near'));
      const admin = await makeAdministrator(browser, foretop);
      const far = async (name: string) =>
        stack.use(await startFarHost(foretop.collector, name, { allow: 'probe', signer: 'browser', networks }));
      const [north, south] = [await far('north'), await far('south')];
      await north.start(server).waitFor(/^listening/m);
      await use({ foretop, admin, north, south });
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  page: async ({ browser, all }, use) => {
    const { context, page } = await openAs(browser, all.foretop, all.admin);
    const complaints = complaintsOf(page);
    await use(page);
    await context.close();
    expect(complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
  },
});

/** In each test anew: a browser's key lives with its context. */
async function withKey(page: Page, name: string): Promise<void> {
  await registerKey(page, 'This browser', name, 'may sign', 'probe');
}

const link = (tool: string, target: string, from: readonly FarHost[], more = '') =>
  `/tools?tool=${tool}&target=${encodeURIComponent(target)}&from=${from.map(({ id }) => id).join(',')}${more}`;

async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Sign and run on/ }).click();
  await expect(page).toHaveURL(/\/tools\/[0-9a-f]{32}$/);
}

const done = (page: Page) => page.getByRole('status').filter({ hasText: /^done on/ });

test('a ping from two hosts, one line each; its link and the history lead back to it', async ({ page, all }) => {
  await withKey(page, 'ping key');
  await page.goto(link('ping', '127.0.0.1', [all.north, all.south], '&count=3&intervalMs=200'));
  await run(page);
  await expect(done(page)).toHaveText('done on 2 of 2', { timeout: 30_000 });
  for (const { name } of [all.north, all.south]) {
    const row = page.getByRole('row').filter({ hasText: name });
    await expect(row).toContainText('127.0.0.1');
    await expect(row.getByRole('img')).toHaveAccessibleName('3 of 3 attempts answered');
  }
  const address = page.url();
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }

  await page.reload();
  await expect(page.getByRole('row').filter({ hasText: 'north' })).toContainText('127.0.0.1');
  await expect(page.getByLabel('Target')).toHaveValue('127.0.0.1');
  await page.getByRole('tab', { name: 'History' }).click();
  await page.getByRole('link', { name: 'Ping 127.0.0.1' }).first().click();
  await expect(page).toHaveURL(address);
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page).not.toHaveURL(address);
  await expect(done(page)).toHaveText('done on 2 of 2', { timeout: 30_000 });

  await page.goto('/audit?action=tool.receipt');
  await expect(page.getByRole('grid', { name: 'Audit log' })).toContainText('ping 127.0.0.1');
});

test('a scan tells which host sees another state', async ({ page, all }) => {
  await withKey(page, 'scan key');
  await page.goto(link('scan', '127.0.0.1', [all.north, all.south], `&ports=${port}`));
  await run(page);
  await expect(done(page)).toHaveText('done on 2 of 2', { timeout: 30_000 });
  const row = page
    .getByRole('row')
    .filter({ hasText: String(port) })
    .last();
  await expect(row.getByRole('cell').filter({ hasText: /open/ })).toHaveCount(1);
  await expect(row.getByRole('cell').filter({ hasText: /closed/ })).toHaveCount(1);
  await expect(page.getByText(`differs: port ${port} open, the other closed`)).toBeVisible();
  await expect(page.getByText(`differs: port ${port} closed, the other open`)).toBeVisible();
});

test('a page is got with the parts of its time, and what it says stays text', async ({ page, all }) => {
  await withKey(page, 'http key');
  await page.goto(link('http', `http://127.0.0.1:${port}/`, [all.north, all.south]));
  await run(page);
  const row = page.getByRole('row').filter({ hasText: 'north' });
  await expect(row).toContainText('200', { timeout: 30_000 });
  await row.getByText(`http://127.0.0.1:${port}/`).click();
  await expect(row).toContainText('<img src=x onerror=alert(1)>');
  await expect(page.locator('table img')).toHaveCount(0);
});

test('a refused target, a host that cannot, and no host at all are told in words', async ({ page, all }) => {
  await withKey(page, 'refused key');
  await page.goto(link('scan', '169.254.169.254', [all.north], '&ports=80'));
  await run(page);
  const notFrom = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Not from' }) });
  await expect(notFrom).toContainText('north');
  await expect(notFrom).toContainText(/169\.254\.169\.254/);

  await page.goto('/tools?tool=ping&target=127.0.0.1');
  await expect(page.getByRole('button', { name: 'Choose a host', exact: true })).toBeDisabled();
  await page.getByRole('button', { name: 'Choose hosts' }).click();
  const near = page.getByRole('listitem').filter({ hasText: all.foretop.host.name });
  await expect(near.getByRole('checkbox')).toBeDisabled();
  await expect(near).toContainText('does not allow this');
  await page.getByRole('listitem').filter({ hasText: 'south' }).getByRole('checkbox').check();
  await expect(page.getByRole('button', { name: 'Sign and run on 1 host' })).toBeEnabled();
  await page.getByRole('button', { name: 'None' }).click();
  await expect(page.getByRole('button', { name: /^Sign and run/ })).toHaveCount(0);
});

test('a long ping is cancelled by its button, and says how far it came', async ({ page, all }) => {
  await withKey(page, 'cancel key');
  await page.goto(link('ping', '127.0.0.1', [all.north], '&count=100'));
  await run(page);
  await expect(page.getByRole('img', { name: /^[12] of [12] attempts answered/ })).toBeVisible({ timeout: 20_000 });
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'north' })).toContainText('cancelled', { timeout: 20_000 });
});

test('without a key nothing is signed, and the page says where keys are made', async ({ page, all }) => {
  await page.goto(link('ping', '127.0.0.1', [all.south]));
  await run(page);
  const notFrom = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Not from' }) });
  await expect(notFrom).toContainText(/not signed/);
  await expect(notFrom.getByRole('link', { name: 'Keys' })).toHaveAttribute('href', '/settings/keys');
});

test('a host that takes a passkey at least asks for one; one that takes only the command line says so', async ({
  page,
  all,
}) => {
  test.setTimeout(240_000);
  const { collector } = all.foretop;
  const ceiling = { allow: 'probe', networks } as const;
  await using careful = await startFarHost(collector, 'careful', { ...ceiling, signer: 'passkey' });
  await using vault = await startFarHost(collector, 'vault', { ...ceiling, signer: 'approve' });
  await addAuthenticator(page);
  await registerKey(page, 'Passkey', 'touch key', 'may sign', 'probe');
  await page.goto(link('ping', '127.0.0.1', [careful, vault], '&count=1'));
  await run(page);
  await expect(page.getByRole('row').filter({ hasText: 'careful' }).getByRole('img')).toHaveAccessibleName(
    '1 of 1 attempts answered',
    { timeout: 30_000 },
  );
  const notFrom = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Not from' }) });
  await expect(notFrom).toContainText('run it from the command line');
});

test('a watch measures on its own, shows its chart, and is ended', async ({ page, all }) => {
  test.setTimeout(240_000);
  await withKey(page, 'watch key');
  await page.goto(link('watch', '127.0.0.1', [all.south], '&intervalSeconds=1'));
  await run(page);
  await expect(page.getByText('It measures from now on.')).toBeVisible({ timeout: 30_000 });
  await page.getByRole('link', { name: 'See the watches' }).click();
  const watch = page.locator('section').filter({ hasText: 'from south' });
  await expect(watch).toContainText('icmp every 1 s');
  // Minutes come once they are over.
  await expect(watch).toContainText(/mean \d/, { timeout: 150_000 });
  await expect(watch.getByRole('img')).toHaveAccessibleName(/0 of \d+ attempts lost/);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await watch.getByRole('button', { name: 'End…' }).click();
  await watch.getByRole('button', { name: 'End it' }).click();
  await expect(page.getByText('No host watches anything.')).toBeVisible();
});

test('an address is looked up without asking any host; on a phone all of it fits', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/tools?tool=address&target=127.0.0.1');
  await expect(page.getByRole('heading', { name: 'Hosts, last day' })).toBeVisible();
  expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
});

test('V looks from the host that is shown, and at the far end that is open', async ({ page, all }) => {
  await page.goto(`/hosts/${all.north.id}`);
  await expect(page.getByRole('link', { name: 'look from here' })).toBeVisible();
  await page.keyboard.press('v');
  await expect(page).toHaveURL(new RegExp(`/tools\\?.*from=${all.north.id}\\b`));

  await page.goto(`/hosts/${all.foretop.host.id}?state=established`);
  await page.getByRole('grid', { name: 'Connections' }).getByRole('gridcell').first().click();
  await expect(page.getByRole('link', { name: 'Look from here', exact: true })).toBeVisible();
  await page.keyboard.press('v');
  await expect(page).toHaveURL(/\/tools\?.*target=./);
});
