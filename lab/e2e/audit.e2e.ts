// The audit log as a person reads it: what was just done stands in it, filters and sorting work, files hold what the filter finds.
import { readFile } from 'node:fs/promises';
import { complaintsOf, desk, expect, test } from './running-foretop.ts';
import { cellsOf } from './tables.ts';

const grid = 'Audit log';

test('what is done is in the log at once, and can be found by who, what, outcome and time', async ({
  signedInPage: page,
}) => {
  await page.goto('/add');
  await page.getByRole('button', { name: 'Make a token and show the lines' }).click();
  await expect(page.getByText('/install.sh | sudo sh')).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('u');
  await expect(page.getByRole('heading', { name: 'Audit' })).toBeVisible();
  const rows = page
    .getByRole('grid', { name: grid })
    .getByRole('row')
    .filter({ has: page.getByRole('gridcell') });
  await expect(rows.filter({ hasText: 'enrol-token.create' }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: /^chain of [\d,]+, heads fit/ })).toBeVisible();

  const filters = page.getByRole('group', { name: 'Filters' });
  await filters.getByRole('combobox', { name: 'Action' }).fill('session.create');
  await expect(page).toHaveURL(/action=session\.create/);
  await expect(rows.first()).toContainText('session.create');
  await expect(rows.filter({ hasText: 'enrol-token.create' })).toHaveCount(0);
  await filters.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
  await expect(page.getByText('No entry matches this filter.')).toBeVisible();
  await page.getByRole('button', { name: 'Remove the filter' }).click();
  await filters.getByRole('combobox', { name: 'Time' }).selectOption('1h');
  await expect(rows.filter({ hasText: 'enrol-token.create' }).first()).toBeVisible();
  await filters.getByRole('textbox', { name: 'Search the log' }).fill('no such words anywhere');
  await expect(page.getByText('No entry matches this filter.')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(rows.first()).toBeVisible();

  await page.getByRole('grid', { name: grid }).getByRole('button', { name: 'Action' }).click();
  await expect(page.getByRole('columnheader', { name: 'Action' })).toHaveAttribute('aria-sort', 'ascending');
  const actions = await rows.getByRole('gridcell').nth(2).allInnerTexts();
  expect(actions).toEqual(actions.toSorted());
});

test('an entry in full names its place in the chain; the heads and the entries can be saved', async ({
  signedInPage: page,
}) => {
  await page.goto('/audit');
  const rows = page
    .getByRole('grid', { name: grid })
    .getByRole('row')
    .filter({ has: page.getByRole('gridcell') });
  await rows.filter({ hasText: 'session.create' }).first().click();
  const details = page.getByRole('complementary', { name: 'Audit entry in full' });
  await expect(details).toContainText(/Hash\s*[0-9a-f]{64}/);
  await page.keyboard.press('Escape');
  await expect(details).toBeHidden();

  await page.getByRole('button', { name: /^chain of/ }).click();
  const heads = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the heads' }).click();
  const [head] = (await readFile(await (await heads).path(), 'utf8')).trim().split('\n');
  expect(JSON.parse(head!)).toMatchObject({
    keeper: 'collector',
    head: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
  });
  await page.keyboard.press('Escape');

  await page.goto('/audit?action=session.create');
  for (const [word, first] of [
    ['CSV', /^"?id"?,/],
    ['JSON lines', /^\{"id"/],
  ] as const) {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('button', { name: word }).click();
    const text = await readFile(await (await saved).path(), 'utf8');
    expect(text).toMatch(first);
    expect(text).toContain('session.create');
    expect(text).not.toContain('enrol-token.create');
  }
});

test('every time stands in the viewer’s zone, those among the details too; UTC is only what was hashed, and says so', async ({
  browser,
  foretop,
}) => {
  const place = { ...desk, timezoneId: 'Asia/Kolkata' };
  await using context = await browser.newContext({ ...place, storageState: foretop.signedIn, baseURL: foretop.url });
  const page = await context.newPage();
  await page.goto('/add');
  await page.getByRole('button', { name: 'Make a token and show the lines' }).click();
  await expect(page.getByText('/install.sh | sudo sh')).toBeVisible();
  await page.goto('/audit?action=enrol-token.create');
  const log = page.getByRole('grid', { name: grid });
  const row = log
    .getByRole('row')
    .filter({ has: page.getByRole('gridcell') })
    .first();
  await expect(row).toContainText('enrol-token.create');
  const cells = await cellsOf(log, row);
  const minutesFromNow = (text: string) => Math.round((Date.parse(`${text} GMT+0530`) - Date.now()) / 60_000);
  expect(Math.abs(minutesFromNow(cells['Time']!))).toBeLessThanOrEqual(1);
  // A token lives 15 minutes.
  const expires = /^expiresAt (.+)$/.exec(cells['Detail']!)?.[1];
  expect([14, 15]).toContain(minutesFromNow(expires ?? ''));

  await row.click();
  const details = page.getByRole('complementary', { name: 'Audit entry in full' });
  await expect(details).toContainText(new RegExp(`When\\s*${cells['Time']} (IST|GMT\\+5:30)`));
  await expect(details).toContainText(new RegExp(`expiresAt\\s*${expires}`));
  const universal = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
  expect((await page.locator('body').innerText()).match(universal)).toHaveLength(1);
  await expect(details).toContainText(/Hashed time, UTC\s*\d{4}-/);
  await page.getByRole('combobox', { name: 'Time' }).selectOption('between');
  await expect(page.getByRole('group', { name: 'Filters' })).toContainText(/IST|GMT\+5:30/);
});

test('on a phone an entry is two lines, and nothing is wider than the window', async ({ browser, foretop }) => {
  await using context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    storageState: foretop.signedIn,
    baseURL: foretop.url,
  });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto('/audit');
  const rows = page.getByRole('grid', { name: grid }).getByRole('gridcell');
  await expect(rows.first()).toContainText(/session\.create|enrol-token\.create|token\.create/);
  expect((await rows.first().boundingBox())!.height).toBeGreaterThan(40);
  const beyond = await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth);
  expect(beyond).toBe(0);
  expect(complaints).toEqual([]);
});

test('what a button opened stays beside it when a line comes to the top of the page', async ({
  signedInPage: page,
}) => {
  await page.goto('/audit');
  const button = page.getByRole('button', { name: /^chain of/ });
  await button.click();
  const dialog = page.getByRole('dialog', { name: 'Chains' });
  await expect(dialog).toContainText('Save the heads');
  const gap = async () => {
    const [above, below] = [await button.boundingBox(), await dialog.boundingBox()];
    return below!.y - above!.y - above!.height;
  };
  await expect.poll(gap).toBeCloseTo(6, 0);
  const before = (await button.boundingBox())!.y;
  await page.evaluate(`document.querySelector('main').style.paddingTop = '60px'`);
  await expect.poll(async () => (await button.boundingBox())!.y).toBeCloseTo(before + 60, 0);
  await expect.poll(gap).toBeCloseTo(6, 0);
});
