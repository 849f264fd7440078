// People: the first administrator, signing in by name, what a viewer is shown, tokens, labels, signing out everywhere.
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { complaintsOf, desk, expect, type RunningForetop, startForetop, test } from './running-foretop.ts';

const adminPassword = 'a lantern on the foremast';
const viewerPassword = 'nobody sees me from up here';
const phone = { width: 390, height: 844 };

let foretop: RunningForetop;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({ browser }) => {
  test.setTimeout(180_000);
  foretop = await startForetop(browser, 'people');
});
test.afterAll(async () => foretop[Symbol.asyncDispose]());

const open = (browser: Browser, signedIn = false): Promise<BrowserContext> =>
  browser.newContext({ ...desk, baseURL: foretop.url, ...(signedIn && { storageState: foretop.signedIn }) });

async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.goto('/');
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Signed in, with an ear for complaints. What a wrong password answers is one of them, and meant. */
async function signedIn(browser: Browser, name: string, password: string) {
  const context = await open(browser);
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await signIn(page, name, password);
  await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

const rowOf = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });

test('the first administrator is made in the browser, out of a login link', async ({ browser }) => {
  await using context = await open(browser, true);
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'First administrator' })).toContainText('signed in by a login link');
  await page.getByRole('link', { name: 'Create the first administrator' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('ann');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await expect(page.getByText('10 more.')).toBeVisible();
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('alert')).toContainText('at least 15 characters');
  await page.getByLabel('Password', { exact: true }).fill(adminPassword);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status').filter({ hasText: 'ann' })).toContainText('ann is the administrator');
  await page.getByRole('button', { name: 'To the fleet' }).click();
  await expect(page.getByRole('region', { name: 'Hosts' }).getByText('Live')).toBeVisible();
  await expect(page.getByRole('region', { name: 'First administrator' })).toHaveCount(0);
  await page.goto('/setup');
  await expect(page.getByRole('main')).toContainText('There is an administrator already');
  expect(complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([]);
});

test('a wrong password is refused in words, the right one signs in, by keys alone', async ({ browser }) => {
  await using context = await open(browser);
  const page = await context.newPage();
  await signIn(page, 'ann', 'not the right words');
  await expect(page.getByRole('alert')).toContainText('The name or the password is wrong');
  await expect(page.getByText('npx foretop login-link')).toBeVisible();
  await expect(page.getByLabel('Password')).toHaveValue('');
  await page.getByRole('textbox', { name: 'Name' }).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.type(adminPassword);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Settings' })).toContainText('ann');
});

test('an account for a viewer of one label, and the label on no host yet', async ({ browser }) => {
  await using ann = await signedIn(browser, 'ann', adminPassword);
  const { page, complaints } = ann;
  await page.goto('/settings/accounts');
  await expect(rowOf(page, 'ann')).toContainText('admin');
  await page.getByRole('button', { name: 'New account' }).click();
  const dialog = page.getByRole('dialog', { name: 'New account' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('vic');
  await dialog.getByRole('radio', { name: 'Only hosts with a label' }).check();
  await dialog.getByRole('textbox', { name: 'Labels' }).fill('web');
  await dialog.getByRole('button', { name: 'Make one' }).click();
  await expect(dialog.getByLabel('First password')).toHaveValue(/^(\w{4}-){4}\w{4}$/);
  await dialog.getByLabel('First password').fill(viewerPassword);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'vic' })).toContainText('vic can sign in now.');
  await expect(rowOf(page, 'vic')).toContainText('web');

  await page.keyboard.press('/');
  await page.keyboard.type('AN');
  await expect(rowOf(page, 'vic')).toHaveCount(0);
  await expect(rowOf(page, 'ann')).toBeVisible();

  // Nobody takes the last administrator away.
  await page.getByRole('button', { name: 'Change ann' }).click();
  await page.getByLabel('Role').selectOption('viewer');
  await page.getByRole('button', { name: 'Set role and hosts' }).click();
  await expect(page.getByRole('alert')).toContainText('the last administrator');
  expect(complaints.filter((text) => !text.includes('409 (Conflict)'))).toEqual([]);
});

test('the viewer sees no host before it has the label, then that host, and no button that changes anything', async ({
  browser,
}) => {
  await using admin = await signedIn(browser, 'ann', adminPassword);
  await using viewer = await signedIn(browser, 'vic', viewerPassword);
  const { page } = viewer;
  await expect(page.getByText(foretop.host.name)).toHaveCount(0);

  await admin.page.goto('/settings/hosts');
  await admin.page.getByRole('button', { name: `Change the labels of ${foretop.host.name}` }).click();
  await admin.page.getByRole('textbox', { name: 'Labels', exact: true }).fill('Web rack=7');
  await admin.page.getByRole('button', { name: 'Set the labels' }).click();
  await expect(rowOf(admin.page, foretop.host.name)).toContainText('rack=7, web');
  await expect(page.getByRole('region', { name: 'Hosts' }).getByText('Live')).toBeVisible({ timeout: 15_000 });

  const changing = /terminate|end (the|this)|new account|new token|make a token|revoke|change|disable|delete|set the/i;
  for (const path of [
    '/',
    `/hosts/${foretop.host.id}`,
    '/connections',
    '/add',
    '/settings/accounts',
    '/settings/hosts',
  ]) {
    await page.goto(path);
    await expect(page.getByRole('main').getByRole('heading').first()).toBeVisible();
    const enabled = await page.getByRole('button', { name: changing, disabled: false }).allInnerTexts();
    expect({ path, enabled }).toEqual({ path, enabled: [] });
  }
  await page.goto('/settings/tokens');
  await expect(page.getByRole('main')).toContainText('Only an administrator sees this page.');
  await page.goto('/settings');
  await expect(page.getByRole('navigation', { name: 'Settings' }).getByRole('link')).toHaveText([
    'My account',
    'Signing keys',
    'Detectors',
    'Suppressions',
    'Places and lists',
  ]);
  await expect(page.getByRole('main')).toContainText('only with the label web');
  await page.goto('/add');
  await expect(page.getByRole('main')).toContainText('Only an administrator may make a token');
  // Nor past the buttons.
  const statuses = await page.evaluate(async () => {
    const headers = {
      'x-foretop-session': localStorage.getItem('foretop.session')!,
      'content-type': 'application/json',
    };
    const paths = ['/enrol-tokens', '/accounts', '/tokens'];
    return Promise.all(
      paths.map((path) =>
        fetch(`/api/v1${path}`, { method: 'POST', headers, body: '{}' }).then(({ status }) => status),
      ),
    );
  });
  expect(statuses).toEqual([403, 403, 403]);

  // The label goes, and with it the host, while the page is open.
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'Hosts' }).getByText('Live')).toBeVisible();
  await admin.page.getByRole('button', { name: `Change the labels of ${foretop.host.name}` }).click();
  await admin.page.getByRole('textbox', { name: 'Labels', exact: true }).fill('');
  await admin.page.getByRole('button', { name: 'Set the labels' }).click();
  await expect(page.getByText(foretop.host.name)).toHaveCount(0, { timeout: 15_000 });
  expect(admin.complaints).toEqual([]);
});

test('a token is shown once, works, and is revoked', async ({ browser }) => {
  await using ann = await signedIn(browser, 'ann', adminPassword);
  const { page, complaints } = ann;
  await page.goto('/settings/tokens');
  await expect(rowOf(page, 'by command line')).toContainText('read, export');
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByRole('textbox', { name: 'What it is for' }).fill('Grafana');
  await page.getByRole('button', { name: 'Make the token' }).click();
  const token = await page.getByRole('dialog').locator('code').filter({ hasText: 'ftt_' }).innerText();
  expect(token).toMatch(/^ftt_[\w-]{32}$/);
  const asked = async () =>
    (await fetch(`${foretop.url}/api/v1/hosts`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await asked()).toBe(200);
  await page.getByRole('button', { name: 'I have it' }).click();
  await expect(rowOf(page, 'Grafana')).toContainText('read');
  await page.reload();
  await expect(rowOf(page, 'Grafana')).toBeVisible();
  expect(await page.content()).not.toContain(token);
  await page.getByRole('button', { name: /^Revoke token \d+, Grafana/ }).click();
  await expect(rowOf(page, 'Grafana')).toHaveCount(0);
  expect(await asked()).toBe(401);
  await page.getByRole('checkbox', { name: 'Show those that ended' }).check();
  await expect(rowOf(page, 'Grafana')).toContainText('revoked');
  expect(complaints).toEqual([]);
});

test('a new password keeps this page open and ends the others; signing out everywhere ends all', async ({
  browser,
}) => {
  const newPassword = 'another lantern on the mizzen';
  await using here = await signedIn(browser, 'vic', viewerPassword);
  await using elsewhere = await signedIn(browser, 'vic', viewerPassword);
  await here.page.goto('/settings');
  await expect(here.page.getByRole('table', { name: 'Sessions' }).getByRole('row')).toHaveCount(4);
  await here.page.getByLabel('Present password').fill(viewerPassword);
  await here.page.getByLabel('New password').fill(newPassword);
  await here.page.getByRole('button', { name: 'Change the password' }).click();
  await expect(here.page.getByRole('status').filter({ hasText: 'Changed' })).toBeVisible();
  await expect(elsewhere.page.getByRole('button', { name: 'Sign in' })).toBeVisible({ timeout: 15_000 });
  await expect(here.page.getByRole('table', { name: 'Sessions' }).getByRole('row')).toHaveCount(2);
  // It goes on, live too.
  await here.page.reload();
  await expect(here.page.getByRole('contentinfo')).toContainText('Live');

  await using third = await signedIn(browser, 'vic', newPassword);
  await here.page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await expect(here.page.getByText('You are signed out everywhere.')).toBeVisible();
  await expect(third.page.getByRole('button', { name: 'Sign in' })).toBeVisible({ timeout: 15_000 });
});

for (const { theme, viewport } of [
  { theme: 'dark', viewport: desk.viewport },
  { theme: 'light', viewport: desk.viewport },
  { theme: 'light', viewport: phone },
] as const) {
  test(`axe finds nothing, ${theme}, ${viewport.width} px wide`, async ({ browser }) => {
    test.setTimeout(180_000);
    await using context = await browser.newContext({ ...desk, viewport, baseURL: foretop.url, colorScheme: theme });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    const found: string[] = [];
    const look = async (name: string) => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, help, nodes } of violations)
        found.push(`${name}: ${id} (${help}): ${nodes.map((node) => node.html.slice(0, 200)).join('\n')}`);
      const beyond = await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth);
      if (beyond > 0) found.push(`${name}: ${beyond} px wider than the window`);
      await page.screenshot({ path: `test-results/accounts/${name}-${theme}-${viewport.width}.png` });
    };
    await page.goto('/');
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
    await look('sign-in');
    await signIn(page, 'ann', adminPassword);
    await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();
    for (const [path, shows] of [
      ['/setup', 'There is an administrator already'],
      ['/settings', 'Signed in until'],
      ['/settings/accounts', 'vic'],
      ['/settings/tokens', 'Show those that ended'],
      ['/settings/hosts', foretop.host.name],
    ] as const) {
      await page.goto(path);
      await expect(page.getByRole('main').getByText(shows).first()).toBeVisible();
      await look(path.slice(1).replace('/', '-'));
    }
    await page.getByRole('button', { name: `Change the labels of ${foretop.host.name}` }).click();
    await look('labels-dialog');
    await page.goto('/settings/accounts');
    await page.getByRole('button', { name: 'New account' }).click();
    await look('new-account');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Change vic' }).click();
    await look('change-account');
    await page.goto('/settings/tokens');
    await page.getByRole('button', { name: 'New token' }).click();
    await look('new-token');
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
  });
}
