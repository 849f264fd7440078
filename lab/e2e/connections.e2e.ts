// What people come for: one container's connections, an export of exactly those, and who talked to an address ten minutes ago.
import { readFile } from 'node:fs/promises';
import type { Connection, ConnectionList } from '@foretop/proto/api';
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { eventually } from '../harness/foretop.ts';
import { atOnce } from './at-once.ts';
import { complaintsOf, desk } from './running-foretop.ts';
import { type SimulatedFleet, startSimulatedFleet } from './simulated-fleet.ts';
import { cellsOf } from './tables.ts';

const historySeconds = 1_200;
const tenMinutesMs = 600_000;

const test = base.extend<{ fleetPage: Page }, { fleet: SimulatedFleet }>({
  fleet: [
    async ({ browser }, use) => {
      await using fleet = await startSimulatedFleet(browser, 4, historySeconds);
      await use(fleet);
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  fleetPage: async ({ browser, fleet }, use) => {
    const { signedIn, url } = fleet.foretop;
    const context = await browser.newContext({ ...desk, storageState: signedIn, baseURL: url });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await use(page);
    await context.close();
    // Interfaces that come and go on this machine end requests; the page asks again.
    const own = complaints.filter((text) => !text.includes('net::ERR_NETWORK_CHANGED'));
    expect(own, 'what the page complained about').toEqual([]);
  },
});

const grid = (page: Page) => page.getByRole('grid', { name: 'Connections' });
/** What is said instead of rows has no index. */
const rowsOf = (page: Page) =>
  grid(page)
    .locator('[role="row"][aria-rowindex]')
    .filter({ has: page.getByRole('gridcell') });

async function addFilter(page: Page, field: string, value: string): Promise<void> {
  await page.getByRole('group', { name: 'Filters' }).getByRole('button', { name: 'Filter', exact: true }).click();
  const form = page.getByRole('form', { name: 'Add a filter' });
  await form.getByRole('combobox', { name: 'Field' }).selectOption(field);
  await form.getByLabel('Value', { exact: true }).fill(value);
  await form.getByRole('button', { name: 'Add' }).click();
}

/** Saves through the page what it offers, and reads it. */
async function exported(page: Page, label: string): Promise<{ name: string; text: string }> {
  await page.getByRole('group', { name: 'Export' }).getByRole('button', { name: 'Export' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('group', { name: 'Export' }).getByRole('button', { name: label }).click();
  const file = await download;
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
}

/** With a finger, from the middle of it. */
async function drag(page: Page, from: Locator, downPx: number): Promise<void> {
  const [box, protocol] = [(await from.boundingBox())!, await page.context().newCDPSession(page)];
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await protocol.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] });
  for (const part of [0.5, 1])
    await protocol.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x, y: y + part * downPx }] });
  await protocol.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await protocol.detach();
}

/** The container that has most connections now. */
async function someContainer(fleet: SimulatedFleet): Promise<{ runtime: string; id: string }> {
  return eventually('a container with connections', async () => {
    const { items } = await fleet.get<ConnectionList>('/api/v1/connections?limit=1000');
    const ids = Map.groupBy(
      items.filter(({ container }) => container !== null),
      ({ container }) => container!.id,
    );
    const [most] = [...ids.values()].sort((a, b) => b.length - a.length);
    return most?.[0]?.container ?? undefined;
  });
}

test('one container: the filter stands in the address, survives a reload, and one click clears it', async ({
  fleetPage: page,
  fleet,
}) => {
  const container = await someContainer(fleet);
  const shortId = container.id.slice(0, 12);
  await page.goto('/connections');
  await expect(rowsOf(page).first()).toBeVisible();
  await expect.poll(async () => Number(await grid(page).getAttribute('aria-rowcount'))).toBeGreaterThan(100);
  const before = Number(await grid(page).getAttribute('aria-rowcount'));
  await addFilter(page, 'container', shortId);
  await expect(page).toHaveURL(new RegExp(`container=${shortId}`));
  await expect.poll(async () => Number(await grid(page).getAttribute('aria-rowcount'))).toBeLessThan(before);
  await page.reload();
  await expect(rowsOf(page).first()).toBeVisible();
  await rowsOf(page).first().click();
  await expect(page.getByRole('complementary', { name: 'Connection in full' })).toContainText(shortId);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Clear all' }).click();
  await expect(page).not.toHaveURL(/container=/);
});

test('an export holds what the filter shows and nothing else, in every format', async ({ fleetPage: page, fleet }) => {
  const host = fleet.hosts.find(({ name }) => name.startsWith('db-'))!;
  await page.goto(`/connections?host=${host.name}&process=postgres&state=listen`);
  await expect(rowsOf(page).first()).toBeVisible();
  const shown = Number(await grid(page).getAttribute('aria-rowcount')) - 1;
  // A file holds what is stored, which follows what is live by some seconds.
  await expect
    .poll(async () => (await exported(page, 'CSV')).text.trim().split('\r\n').length, { timeout: 20_000 })
    .toBe(shown + 1);
  const csv = await exported(page, 'CSV');
  expect(csv.name).toMatch(/^foretop-connections-\d{8}T\d{6}Z\.csv$/);
  const [head, ...lines] = csv.text.trim().split('\r\n');
  expect(lines).toHaveLength(shown);
  const processColumn = head!.split(',').indexOf('process');
  expect(new Set(lines.map((line) => line.split(',')[processColumn]))).toEqual(new Set(['postgres']));
  const json = await exported(page, 'JSON lines');
  const items = json.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Connection);
  expect(items).toHaveLength(shown);
  expect(items.every((item) => item.hostId === host.id && item.process === 'postgres' && item.state === 'listen')).toBe(
    true,
  );
  const zeek = await exported(page, 'Zeek');
  expect(zeek.text).toContain('#fields');
  // Zeek's conn.log has connections only: a socket that listens is none.
  expect(zeek.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
});

test('which process on which host talks to an address, now and ten minutes ago', async ({ fleetPage: page, fleet }) => {
  const then = new Date(Date.now() - tenMinutesMs);
  const talks = async (query: string) => {
    const wanted = 'state=established&direction=outbound&sort=startedAt&limit=500';
    const { items } = await fleet.get<ConnectionList>(`/api/v1/connections?${wanted}${query}`);
    return items.find(({ remoteAddress, process }) => remoteAddress?.includes('.') && process && process !== 'node');
  };
  const past = await eventually('an outbound connection ten minutes ago', () => talks(`&at=${then.toISOString()}`));
  const nameOf = (id: number) => fleet.hosts.find((host) => host.id === id)?.name ?? 'this-host';

  const find = async (wanted: Connection) => {
    await expect(async () => {
      await expect(rowsOf(page).first()).toBeVisible({ timeout: 5_000 });
      const rows = await rowsOf(page).all();
      const cells = await Promise.all(rows.slice(0, 40).map((row) => cellsOf(grid(page), row)));
      const answer = cells.map((row) => `${row['Host']} ${row['Process']}`);
      expect(answer).toContain(`${nameOf(wanted.hostId)} ${wanted.process}`);
      for (const row of cells) expect(`${row['Local']} ${row['Remote']}`).toContain(wanted.remoteAddress!);
    }).toPass({ timeout: 10_000 });
  };
  // Any connection may end while it is looked for.
  await expect(async () => {
    const now = await eventually('an outbound connection', () => talks(''));
    await page.goto('/connections');
    await expect(rowsOf(page).first()).toBeVisible();
    await addFilter(page, 'address', now.remoteAddress!);
    await page.getByRole('textbox', { name: 'Search these' }).fill(now.process!);
    await find(now);
  }).toPass({ timeout: 60_000 });
  const parameters = new URLSearchParams({ address: past.remoteAddress!, q: past.process!, at: then.toISOString() });
  await page.goto(`/connections?${parameters.toString()}`);
  await expect(grid(page).getByRole('columnheader', { name: /Receive, mean/ })).toBeVisible();
  await find(past);
});

test('on a phone the past leaves room for its rows: the track waits behind its button, what is over the table folds away', async ({
  fleetPage: page,
  fleet,
}) => {
  await page.setViewportSize({ width: 390, height: 664 });
  const host = fleet.hosts.find(({ name }) => name.startsWith('web-'))!;
  const then = new Date(Date.now() - tenMinutesMs).toISOString();
  const chart = page.getByRole('heading', { name: 'Bandwidth' });
  const rowsInSight = async () => {
    const [table, heights] = [
      await grid(page).boundingBox(),
      await rowsOf(page).evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect())),
    ];
    const end = table!.y + table!.height;
    return heights.filter(({ top, bottom }) => top >= table!.y && bottom <= end).length;
  };
  for (const path of [`/hosts/${host.id}?at=${then}`, `/hosts/${host.id}`]) {
    await page.goto(path);
    await expect(rowsOf(page).first()).toBeVisible();
    await expect(page.getByRole('slider', { name: 'Time' })).toBeHidden();
    await expect(chart).toBeVisible();
    await grid(page).hover();
    await page.mouse.wheel(0, 420);
    await expect(chart).toBeHidden();
    await expect.poll(rowsInSight).toBeGreaterThanOrEqual(6);
    await page.mouse.wheel(0, -5_000);
    await expect(chart).toBeVisible();
  }
  await page.getByRole('button', { name: 'Time track' }).click();
  await expect(page.getByRole('slider', { name: 'Time' })).toBeVisible();

  await page.goto(`/hosts/${host.id}?at=${then}`);
  await expect(rowsOf(page).first()).toBeVisible();
  await drag(page, chart, -60);
  await expect(chart).toBeHidden();
  await drag(page, grid(page), 60);
  await expect(chart).toBeVisible();
});

test('F filters by the cell, Shift F leaves it out, Escape clears; cards and fastest first are one click', async ({
  fleetPage: page,
}) => {
  await page.goto('/connections?state=established');
  await expect(rowsOf(page).first()).toBeVisible();
  await atOnce(page, 'j', 'f');
  await expect(page).toHaveURL(/[?&]process=/);
  await page.keyboard.press('Shift+F');
  await expect(page).toHaveURL(/[?&]process=%21|[?&]process=!/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/process=|state=/);
  await page.getByRole('button', { name: 'Fastest first' }).click();
  await expect(page).toHaveURL(/sort=-rate/);
  await page.getByRole('button', { name: 'Cards' }).click();
  await expect(rowsOf(page).first().getByRole('gridcell')).toHaveCount(1);
  await page.getByRole('button', { name: 'Rows' }).click();
  await expect(rowsOf(page).first().getByRole('gridcell').nth(5)).toBeVisible();
});
