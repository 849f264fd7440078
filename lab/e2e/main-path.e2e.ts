// The main job as a person meets it: a connection of this host, through agent, collector and Postgres, on the screen.
import { colouredShare } from './canvas.ts';
import { complaintsOf, desk, expect, test } from './running-foretop.ts';
import { holdConnection } from './steady-connection.ts';
import { bytesOf, cellsOf } from './tables.ts';

test('a login link leads to the fleet, the fleet to the host, the host to its connections', async ({
  browser,
  foretop,
}) => {
  using held = await holdConnection(400_000);
  const context = await browser.newContext(desk);
  const page = await context.newPage();
  const complaints = complaintsOf(page);

  await page.goto(await foretop.loginLink());
  await expect(page).toHaveTitle('Fleet · Foretop');
  await expect.poll(() => new URL(page.url()).hash, { message: 'the code leaves the address bar' }).toBe('');
  const tile = page.getByRole('region', { name: 'Hosts' }).getByRole('link', { name: foretop.host.name });
  await expect(tile).toContainText('Live');
  await expect(tile).toContainText(/[\d.]+\s*[kMG]?B\/s/);
  await expect(tile).toContainText(/[1-9]\d* conns/);

  await tile.click();
  await expect(page.getByRole('heading', { name: foretop.host.name })).toBeVisible();
  await page.getByRole('textbox', { name: 'Search these' }).fill(held.client);
  const grid = page.getByRole('grid', { name: 'Connections' });
  const ends = grid.getByRole('row').filter({ hasText: held.ends });
  await expect(ends).toHaveCount(2);

  const server = ends.filter({ hasText: new RegExp(`${held.server}.*${held.client}`) });
  const client = ends.filter({ hasText: new RegExp(`${held.client}.*${held.server}`) });
  const rate = async (row: typeof client, column: string) => bytesOf((await cellsOf(grid, row))[column] ?? '');
  const near = [held.bytesPerSecond * 0.75, held.bytesPerSecond * 1.25] as const;
  await expect(async () => {
    for (const shown of [await rate(client, 'Transmit'), await rate(server, 'Receive')]) {
      expect(shown).toBeGreaterThan(near[0]);
      expect(shown).toBeLessThan(near[1]);
    }
  }).toPass();
  expect(await cellsOf(grid, client)).toMatchObject({
    Process: held.process,
    PID: `${held.pid}`,
    Local: held.client,
    Remote: held.server,
    Proto: 'TCP',
    State: 'Established',
    Receive: expect.stringMatching(/^0 ?B\/s$/),
    RTT: expect.stringMatching(/^[\d.]+ ?ms$/),
    Duration: expect.stringMatching(/\d/),
  });
  await context.close();
  expect(complaints).toEqual([]);
});

test('state counters and the list of processes filter; a column sorts', async ({ signedInPage: page, foretop }) => {
  using held = await holdConnection(50_000);
  await page.goto(`/hosts/${foretop.host.id}`);
  const grid = page.getByRole('grid', { name: 'Connections' });
  const rows = grid.getByRole('row').filter({ has: page.getByRole('gridcell') });
  await expect(rows.filter({ hasText: `${held.serverPort}` }).first()).toBeVisible();

  await page
    .getByRole('group', { name: 'State' })
    .getByRole('button', { name: /Listen/ })
    .click();
  await expect(rows.filter({ hasText: 'Established' })).toHaveCount(0);
  await expect(rows.filter({ hasText: `127.0.0.1:${held.serverPort}` })).toHaveCount(1);
  expect(page.url()).toContain('state=listen');
  await page.getByRole('group', { name: 'State' }).getByRole('button', { name: /Total/ }).click();
  await expect(rows.filter({ hasText: held.ends }).first()).toBeVisible();

  await page.getByRole('group', { name: 'Filters' }).getByRole('button', { name: 'Filter' }).click();
  const form = page.getByRole('form', { name: 'Add a filter' });
  await form.getByRole('combobox', { name: 'Field' }).selectOption('process');
  await form.getByLabel('Value').fill(held.process);
  await form.getByRole('button', { name: 'Add' }).click();
  await expect(rows.filter({ hasText: held.ends })).toHaveCount(2);
  await expect(async () => {
    const names = await Promise.all((await rows.all()).map(async (row) => (await cellsOf(grid, row))['Process']));
    expect(new Set(names)).toEqual(new Set([held.process]));
  }).toPass();

  await page.getByRole('textbox', { name: 'Search these' }).fill(`${held.serverPort}`);
  await expect(rows).toHaveCount(3);
  const remotes = async () => Promise.all((await rows.all()).map(async (row) => (await cellsOf(grid, row))['Remote']));
  await grid.getByRole('button', { name: 'Remote' }).click();
  await expect(grid.getByRole('columnheader', { name: 'Remote' })).toHaveAttribute('aria-sort', 'ascending');
  const ascending = [held.client, held.server].sort();
  await expect.poll(remotes).toEqual([...ascending, 'any']);
  await grid.getByRole('button', { name: 'Remote' }).click();
  await expect(grid.getByRole('columnheader', { name: 'Remote' })).toHaveAttribute('aria-sort', 'descending');
  await expect.poll(remotes).toEqual([...ascending.toReversed(), 'any']);
});

test('fastest first without being asked', async ({ signedInPage: page, foretop }) => {
  using held = await holdConnection(3_000_000);
  await page.goto(`/hosts/${foretop.host.id}`);
  const first = page.getByRole('grid', { name: 'Connections' }).locator('[aria-rowindex="2"]');
  await expect(first).toContainText(held.client);
});

test('a row opens everything known of its connection, and the connection that ends stays in view', async ({
  signedInPage: page,
  foretop,
}) => {
  const held = await holdConnection(100_000);
  using _ = held;
  await page.goto(`/hosts/${foretop.host.id}?q=${held.client}`);
  const row = page.getByRole('row').filter({ hasText: new RegExp(`${held.client}.*${held.server}`) });
  await row.click();
  const details = page.getByRole('complementary', { name: 'Connection in full' });
  await expect(details).toContainText(held.client);
  await expect(details).toContainText(held.server);
  await expect(details).toContainText('TCP, outbound');
  await expect(details).toContainText(process.execPath);
  await expect(details).toContainText(`${held.pid}`);
  await expect(details).toContainText(/sent [\d.]+ [kM]B/);
  held[Symbol.dispose]();
  await expect(details).toContainText('Closed');
  await page.keyboard.press('Escape');
  await expect(details).toBeHidden();
  // It has ended and is still in view, since the pointer rests there: it opens again.
  await row.click();
  await expect(details).toContainText('Closed');
  await expect(details).toContainText(held.server);
});

test('processes: what they use, and whose connections they are', async ({ signedInPage: page, foretop }) => {
  using held = await holdConnection(100_000);
  await page.goto(`/hosts/${foretop.host.id}`);
  await page.getByRole('tab', { name: 'Processes' }).click();
  const grid = page.getByRole('grid', { name: 'Processes' });
  await page.getByRole('textbox', { name: 'Search these' }).fill(`${held.pid}`);
  const row = grid.getByRole('row').filter({ has: page.getByRole('gridcell', { name: `${held.pid}`, exact: true }) });
  await expect(row).toHaveCount(1);
  // Another viewer makes the host send everything again.
  const other = await page.context().newPage();
  await other.goto(`/hosts/${foretop.host.id}?tab=processes`);
  await expect(other.getByRole('grid', { name: 'Processes' }).getByRole('row').nth(2)).toBeVisible();
  await other.close();
  const rate = async () => bytesOf((await cellsOf(grid, row))['Transmit'] ?? '');
  await expect.poll(rate).toBeGreaterThan(50_000);
  const first = await rate();
  await expect.poll(rate).not.toBe(first);
  await row.click();
  const details = page.getByRole('complementary', { name: 'Process in full' });
  await expect(details).toContainText(process.execPath);
  await details.getByRole('link', { name: /open/ }).click();
  await expect(
    page.getByRole('grid', { name: 'Connections' }).getByRole('row').filter({ hasText: held.ends }),
  ).toHaveCount(2);
});

test('the bandwidth chart draws and says what it shows under the pointer', async ({ signedInPage: page, foretop }) => {
  await page.goto(`/hosts/${foretop.host.id}`);
  const chart = page.getByRole('img', { name: /^Bandwidth of the last 30 seconds/ });
  await expect(chart).toHaveAccessibleName(/Now receive [\d.]+ [kMG]?B\/s, transmit [\d.]+ [kMG]?B\/s/);
  // Seven seconds of samples are a fifth of the window; grid, labels and hatching are grey.
  await expect.poll(() => colouredShare(chart.locator('canvas')), { timeout: 20_000 }).toBeGreaterThan(0.2);
  const box = (await chart.boundingBox())!;
  await page.mouse.move(box.x + box.width - 60, box.y + box.height / 2);
  const tip = chart.locator('dl');
  await expect(tip).toContainText(/\d\d:\d\d:\d\d\.\d/);
  await expect(tip).toContainText(/receive\s*[\d.]+\s*[kMG]?B\/s/);
  await expect(tip).toContainText(/transmit\s*[\d.]+\s*[kMG]?B\/s/);
  await page.mouse.move(5, 5);
  await expect(tip).toBeHidden();
});
