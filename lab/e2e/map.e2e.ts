// The map: where traffic goes, as shapes and as a table, by pointer and by keys, and the way to the connections behind it.
import type { Page } from '@playwright/test';
import { expect } from './running-foretop.ts';
import { test } from './seeded-foretop.ts';

const cell = (page: Page, name: RegExp) => page.getByRole('rowheader', { name });
const map = (page: Page) => page.getByRole('img', { name: /^World map/ });
const connections = (page: Page) => page.getByRole('grid', { name: 'Connections' });

test('countries, cities and networks, most bytes first, sorted anew by a click', async ({ seededPage: page }) => {
  await page.goto('/map');
  const names = page.getByRole('table').getByRole('rowheader');
  await expect(names.first()).toContainText('Germany');
  await expect(map(page)).toHaveAttribute('aria-label', /Most went to and came from Germany/);
  await page.getByRole('button', { name: 'Country' }).click();
  await expect(names.first()).toContainText('Australia');
  await expect(page).toHaveURL(/sort=label/);
  await page
    .getByRole('group', { name: 'By' })
    .getByRole('button', { name: /^Networks/ })
    .click();
  await expect(cell(page, /AS19281/)).toBeVisible();
  await page
    .getByRole('group', { name: 'By' })
    .getByRole('button', { name: /^Cities/ })
    .click();
  await expect(cell(page, /Ilmenau/)).toBeVisible();
  await expect(page.getByRole('link', { name: /DB-IP/ }).first()).toBeVisible();
});

test('a click on a country shows its connections', async ({ seededPage: page }) => {
  await page.goto('/map');
  await expect(cell(page, /Brazil/)).toBeVisible();
  const brazil = map(page)
    .locator('path.known')
    .nth(await countryAt(page, 'Brazil'));
  await brazil.click();
  await expect(page).toHaveURL(/\/connections\?country=BR/);
  await expect(connections(page).getByText('200.160.2.3').first()).toBeVisible();
  await expect(connections(page).getByText('141.24.4.1')).toHaveCount(0);
  await connections(page).getByText('200.160.2.3').first().click();
  await expect(page.getByRole('complementary', { name: 'Connection in full' })).toContainText(/Place\s*BR.*Brazil/);
});

/** Which of the shapes with traffic it is: the pointer says its name. */
async function countryAt(page: Page, name: string): Promise<number> {
  const shapes = map(page).locator('path.known');
  for (let at = 0; at < (await shapes.count()); at++) {
    await shapes.nth(at).dispatchEvent('pointerenter');
    if ((await page.locator('.readout').textContent())?.includes(name)) return at;
  }
  throw new Error(`no shape is ${name}`);
}

test('by keys: down the list, and to the connections', async ({ seededPage: page }) => {
  await page.goto('/map?sort=label');
  await expect(cell(page, /Australia/)).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(page.locator('.readout')).toContainText('Brazil');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/country=BR/);
});

test('keys move and zoom it', async ({ seededPage: page }) => {
  await page.goto('/map');
  const frame = page.getByRole('region', { name: /^Map/ });
  await frame.focus();
  const box = () => map(page).getAttribute('viewBox');
  const all = await box();
  await page.keyboard.press('+');
  const near = await box();
  expect(near).not.toBe(all);
  await page.keyboard.press('ArrowRight');
  expect(await box()).not.toBe(near);
  await page.keyboard.press('0');
  expect(await box()).toBe(all);
});

test('host and time stand in the address', async ({ seededPage: page, seeded }) => {
  await page.goto('/map?range=1h');
  await expect(cell(page, /Germany/)).toBeVisible();
  await page.getByRole('combobox', { name: 'Host' }).selectOption(String(seeded.foretop.host.id));
  await expect(page).toHaveURL(new RegExp(`host=${seeded.foretop.host.id}`));
  await expect(page.getByText('No traffic with public addresses in the last 1 h on this host.')).toBeVisible();
  const to = new Date(Date.now() - 3 * 3_600_000).toISOString();
  const from = new Date(Date.now() - 4 * 3_600_000).toISOString();
  await page.goto(`/map?from=${from}&to=${to}`);
  await expect(page.getByText('Nothing is on record in this span.')).toBeVisible();
  await expect(page.getByRole('note')).toContainText('not enrolled yet');
});
