// Without a valid session every page says where a login link comes from.
import { complaintsOf, desk, expect, test } from './running-foretop.ts';

const command = 'npx foretop login-link --data DIR';

test('a page without a session says what to do, and shows nothing else', async ({ browser, foretop }) => {
  await using context = await browser.newContext({ ...desk, baseURL: foretop.url });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  for (const path of ['/', `/hosts/${foretop.host.id}`, '/add']) {
    await page.goto(path);
    await expect(page.getByRole('main')).toContainText('You are not signed in here.');
    await expect(page.getByRole('main')).toContainText(command);
    await expect(page.getByText(foretop.host.name)).toHaveCount(0);
  }
  expect(complaints).toEqual([]);
});

test('a login link works once; the second browser is told to get a new one', async ({ browser, foretop }) => {
  const link = await foretop.loginLink();
  await using first = await browser.newContext(desk);
  const page = await first.newPage();
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();

  await using second = await browser.newContext(desk);
  const other = await second.newPage();
  await other.goto(link);
  await expect(other.getByRole('main')).toContainText(/used|expired/);
  await expect(other.getByRole('main')).toContainText(command);

  // The link in the first browser's history does not sign it out.
  await page.goto('about:blank');
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('main')).toContainText(command);
  await page.reload();
  await expect(page.getByRole('main')).toContainText('You are not signed in here.');
});

test('a login link opened in the tab that shows Foretop signs in there', async ({ browser, foretop }) => {
  const link = await foretop.loginLink();
  await using context = await browser.newContext({ ...desk, baseURL: foretop.url });
  const page = await context.newPage();
  await page.goto('/');
  await expect(page.getByRole('main')).toContainText('You are not signed in here.');
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();
  expect(page.url()).not.toContain('login=');
});

test('the cookie alone is no session, and neither is the secret', async ({ browser, foretop }) => {
  const [origin] = foretop.signedIn.origins;
  const halves = [
    { cookies: foretop.signedIn.cookies, origins: [] },
    { cookies: [], origins: [origin!] },
  ];
  for (const storageState of halves) {
    await using context = await browser.newContext({ ...desk, storageState, baseURL: foretop.url });
    const page = await context.newPage();
    await page.goto('/');
    await expect(page.getByRole('main')).toContainText(command);
    const status = await page.evaluate(() => fetch('/api/v1/hosts').then((response) => response.status));
    expect(status).toBe(401);
  }
});
