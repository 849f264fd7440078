// Where far ends are, on a host's live rows: as columns, to sort, filter and search by, without a question about private addresses.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { joinPlacedHost, type PlacedHost } from './placed-host.ts';
import { complaintsOf, desk, expect, type RunningForetop, startForetop, test } from './running-foretop.ts';
import { cellsOf } from './tables.ts';

/** Of a university, a registry and a resolver, whose networks stay where they are; and two that have no place. */
const far = { ilmenau: '141.24.4.1', brazil: '200.160.2.3', quad9: '9.9.9.9' };
const near = ['10.20.0.7', 'fd00::7'];

let foretop: RunningForetop;
let host: PlacedHost;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({ browser }) => {
  test.setTimeout(180_000);
  foretop = await startForetop(browser, 'beside');
  host = await joinPlacedHost(foretop.collector, 'far-reaching', [...near, ...Object.values(far)]);
});
test.afterAll(async () => {
  host?.[Symbol.dispose]();
  await foretop?.[Symbol.asyncDispose]();
});

const grid = (page: Page) => page.getByRole('grid', { name: 'Connections' });
const rowOf = (page: Page, address: string) =>
  grid(page)
    .getByRole('row')
    .filter({ hasText: `${address}:443` });
const cellOf = async (page: Page, address: string, column: string) =>
  (await cellsOf(grid(page), rowOf(page, address)))[column];
const remotes = async (page: Page): Promise<string[]> => {
  const rows = grid(page)
    .locator('[role="row"][aria-rowindex]:not([hidden])')
    .filter({ has: page.getByRole('gridcell') });
  return Promise.all((await rows.all()).map(async (row) => (await cellsOf(grid(page), row))['Remote'] ?? ''));
};

async function withPage(
  browser: Parameters<typeof startForetop>[0],
  options: { viewport?: { width: number; height: number }; colorScheme?: 'dark' | 'light' },
  use: (page: Page) => Promise<void>,
): Promise<void> {
  await using context = await browser.newContext({
    ...{ ...desk, ...options },
    ...{ storageState: foretop.signedIn, baseURL: foretop.url },
  });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await use(page);
  expect(complaints, 'what the page complained about').toEqual([]);
}

test('live rows show, sort, filter and find the places of their far ends', async ({ browser }) => {
  await withPage(browser, {}, async (page) => {
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/places/rows'))
        asked.push(...(request.postDataJSON() as { addresses: string[] }).addresses);
    });
    await page.goto(`/hosts/${host.hostId}`);
    await expect.poll(() => cellOf(page, far.ilmenau, 'Country'), { timeout: 20_000 }).toMatch(/^DE · Ilmenau/);
    expect(await cellOf(page, far.brazil, 'Country')).toMatch(/^BR/);
    expect(await cellOf(page, near[0]!, 'Country')).toBe('');
    await expect(page.getByRole('link', { name: /DB-IP/ }).first()).toBeVisible();

    // The country that is said is what the title has in full, the network with it.
    await expect(rowOf(page, far.quad9).locator('[title*="AS19281"]').first()).toHaveAttribute('title', /Quad9/);

    await grid(page).getByRole('button', { name: 'Country' }).click();
    await expect(grid(page).getByRole('columnheader', { name: 'Country' })).toHaveAttribute('aria-sort', 'ascending');
    const order = async () => (await remotes(page)).map((remote) => remote.replace(/:443.*$/, ''));
    await expect.poll(async () => (await order()).indexOf(far.brazil)).toBe(0);
    expect((await order()).indexOf(far.ilmenau)).toBeLessThan((await order()).indexOf(near[0]!));

    await page.getByRole('group', { name: 'Filters' }).getByRole('button', { name: 'Filter', exact: true }).click();
    const form = page.getByRole('form', { name: 'Add a filter' });
    await form.getByRole('combobox', { name: 'Field' }).selectOption('country');
    await form.getByLabel('Value', { exact: true }).fill('DE');
    await form.getByRole('button', { name: 'Add' }).click();
    await expect(page).toHaveURL(/country=DE/);
    await expect.poll(order).toEqual([far.ilmenau]);
    await rowOf(page, far.ilmenau).click();
    await expect(page.getByRole('complementary', { name: 'Connection in full' })).toContainText(/Place\s*DE.*Germany/);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Clear all' }).click();
    await page.getByRole('textbox', { name: 'Search these' }).fill('brazil');
    await expect.poll(order).toEqual([far.brazil]);

    expect(new Set(asked)).toEqual(new Set(Object.values(far)));
    expect(asked).toHaveLength(Object.values(far).length);
  });
});

test('filters by place hold from the first row on when they stand in the address', async ({ browser }) => {
  await withPage(browser, {}, async (page) => {
    await page.goto(`/hosts/${host.hostId}?asn=19281`);
    await expect(rowOf(page, far.quad9)).toBeVisible();
    expect(await remotes(page)).toHaveLength(1);
    await page.goto(`/hosts/${host.hostId}?country=!DE`);
    await expect(rowOf(page, near[0]!)).toBeVisible();
    expect(await remotes(page)).toHaveLength(4);
  });
});

test('the connections of all hosts show them too', async ({ browser }) => {
  await withPage(browser, { viewport: { width: 1920, height: 1000 } }, async (page) => {
    await page.goto('/connections?host=far-reaching');
    await expect.poll(() => cellOf(page, far.quad9, 'Network'), { timeout: 20_000 }).toMatch(/Quad9.* AS19281$/);
    await page.goto('/connections?country=BR');
    await expect(rowOf(page, far.brazil)).toBeVisible();
    await expect(rowOf(page, far.ilmenau)).toHaveCount(0);
  });
});

for (const colorScheme of ['dark', 'light'] as const)
  for (const viewport of [desk.viewport, { width: 820, height: 1100 }, { width: 390, height: 844 }])
    test(`axe finds nothing, and nothing is too wide: ${colorScheme}, ${viewport.width} px`, async ({ browser }) => {
      await withPage(browser, { viewport, colorScheme }, async (page) => {
        await page.goto(`/hosts/${host.hostId}`);
        // Where there is room for them, the columns are filled when their makers are named.
        await expect(page.getByRole('link', { name: /DB-IP/ }).first()).toBeVisible({ timeout: 20_000 });
        expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
        expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBeLessThanOrEqual(
          0,
        );
      });
    });
