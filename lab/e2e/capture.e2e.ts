// Captures against real agents in network namespaces: listed as they come, decoded, saved, sealed; tshark reads the same packets.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { makeAdministrator, openAs, registerKey } from './administrator.ts';
import { type FarHost, startFarHost } from './far-host.ts';
import { complaintsOf, type RunningForetop, startForetop } from './running-foretop.ts';

interface Capturing {
  /** Its own host allows `observe` only. */
  foretop: RunningForetop;
  admin: Awaited<ReturnType<typeof makeAdministrator>>;
  /** Allows payload. */
  north: FarHost;
  /** Allows headers only. */
  south: FarHost;
}

const port = 18_080;
const marker = 'the-secret-of-north';
/** Asks itself for a page, three times a second. */
const traffic = `
  const http = require('node:http');
  http.createServer((_, response) => response.end('hello')).listen(${port}, '127.0.0.1', () => {
    console.log('listening');
    const ask = () => http.get({ host: '127.0.0.1', port: ${port}, path: '/${marker}', headers: { 'x-evil': '<img src=x onerror=alert(1)>' } },
      (response) => response.resume()).on('error', () => undefined);
    setInterval(ask, 300);
  });`;

const test = base.extend<{ page: Page }, { all: Capturing }>({
  all: [
    async ({ browser }, use) => {
      await using stack = new AsyncDisposableStack();
      const foretop = stack.use(await startForetop(browser, 'near'));
      const admin = await makeAdministrator(browser, foretop);
      const far = async (name: string, allow: 'capture-headers' | 'capture-payload') =>
        stack.use(await startFarHost(foretop.collector, name, { allow, signer: 'browser', networks: ['127.0.0.0/8'] }));
      const [north, south] = [await far('north', 'capture-payload'), await far('south', 'capture-headers')];
      await Promise.all([north, south].map((host) => host.start(traffic).waitFor(/^listening/m)));
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

const link = (from: readonly FarHost[], more: Record<string, string> = {}) => {
  const asked = { tool: 'capture', from: from.map(({ id }) => id).join(','), interface: 'lo', ...more };
  return `/tools?${new URLSearchParams({ filter: `tcp port ${port}`, ...asked }).toString()}`;
};

async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Sign and run on/ }).click();
  await expect(page).toHaveURL(/\/tools\/[0-9a-f]{32}$/);
}

const grid = (page: Page) => page.getByRole('grid', { name: 'Packets' });
const rowsOf = async (page: Page) => Number(await grid(page).getAttribute('aria-rowcount')) - 1;

async function someRows(page: Page): Promise<void> {
  await expect.poll(() => rowsOf(page), { timeout: 30_000 }).toBeGreaterThan(12);
}

async function stop(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible({ timeout: 20_000 });
  await expect(page.locator('.sources')).not.toContainText('capturing');
}

/** What tshark reads in the file that the button gives. */
async function saved(page: Page, ...fields: string[]): Promise<{ name: string; path: string; lines: string[] }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download pcapng' }).click(),
  ]);
  const path = await download.path();
  const named = fields.flatMap((field) => ['-e', field]);
  const text = execFileSync('tshark', ['-n', '-r', path, '-T', 'fields', ...named], {
    ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  });
  return { name: download.suggestedFilename(), path, lines: text.split('\n').filter(Boolean) };
}

async function withoutViolations(page: Page): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }
}

test('headers with a filter: a list as they come, one in full by keyboard, a file that tshark reads', async ({
  page,
  all,
}) => {
  await registerKey(page, 'This browser', 'headers key', 'may sign', 'capture-headers');
  await page.goto(link([all.south]));
  await withoutViolations(page);
  await run(page);
  await someRows(page);
  await expect(grid(page).getByRole('row').nth(1)).toContainText(/127\.0\.0\.1.*TCP/);

  await grid(page).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  const packet = page.getByRole('region', { name: 'Packet 1', exact: true });
  await expect(packet.getByRole('treeitem', { name: /Transmission Control Protocol/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(packet.getByRole('tree')).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(packet.getByRole('treeitem', { selected: true })).toContainText('Source port');
  await expect(packet.locator('.hex .on')).toHaveCount(2);
  await withoutViolations(page);
  await page.keyboard.press('Escape');
  await expect(packet).toHaveCount(0);

  await stop(page);
  const { name, path, lines } = await saved(page, 'tcp.port', 'frame.len', 'frame.cap_len');
  const count = lines.length;
  expect(name).toMatch(/^south-\d{8}-\d{6}\.pcapng$/);
  // The list is drawn a little later than its packets come.
  await expect.poll(() => rowsOf(page)).toBe(count);
  expect(lines.every((line) => line.includes(String(port)))).toBe(true);
  expect(lines.some((line) => Number(line.split('\t')[1]) > Number(line.split('\t')[2]))).toBe(true);
  expect((await readFile(path)).includes(marker)).toBe(false);

  const address = page.url();
  await page.reload();
  await expect.poll(() => rowsOf(page)).toBe(count);
  await grid(page).getByRole('columnheader', { name: 'Length' }).getByRole('button').click();
  await expect(grid(page).getByRole('columnheader', { name: 'Length' })).toHaveAttribute('aria-sort', /scending/);
  await page.getByRole('textbox', { name: 'Search the packets' }).fill('SYN');
  await expect.poll(() => rowsOf(page)).toBeLessThan(count);
  await page.getByRole('tab', { name: 'History' }).click();
  await page
    .getByRole('link', { name: `Capture tcp port ${port} on lo` })
    .first()
    .click();
  await expect(page).toHaveURL(address);
});

test('payload: read in this browser, sealed on the collector, gone with the key', async ({ page, all }) => {
  await registerKey(page, 'This browser', 'payload key', 'may sign', 'capture-payload');
  await page.goto(link([all.north], { content: 'payload' }));
  await run(page);
  const request = grid(page)
    .getByRole('row')
    .filter({ hasText: `GET /${marker}` });
  await expect(request.first()).toBeVisible({ timeout: 30_000 });
  await stop(page);
  await request.first().click();
  const packet = page.getByRole('region', { name: /^Packet \d/ });
  await expect(packet.getByRole('treeitem', { name: /x-evil/ })).toContainText('<img src=x onerror=alert(1)>');
  await expect(packet.locator('img')).toHaveCount(0);
  await page.keyboard.press('Escape');

  const { name, lines } = await saved(page, 'http.request.uri');
  expect(name).toMatch(/^north-\d{8}-\d{6}\.pcapng$/);
  expect(lines).toContain(`/${marker}`);

  const runId = page.url().split('/').at(-1)!;
  const stored = await page.evaluate(async (id) => {
    const headers = { 'x-foretop-session': localStorage.getItem('foretop.session') ?? '' };
    const answer = await fetch(`/api/v1/tool-runs/${id}`, { headers });
    const { hosts } = (await answer.json()) as { hosts: { requestId: string }[] };
    const response = await fetch(`/api/v1/tool-runs/${id}/packets/${hosts[0]!.requestId}`, { headers });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { type: response.headers.get('content-type'), text: new TextDecoder('latin1').decode(bytes) };
  }, runId);
  expect(stored.type).toBe('application/octet-stream');
  expect(stored.text.length).toBeGreaterThan(1_000);
  expect(stored.text).not.toContain(marker);

  await page.reload();
  await expect(request.first()).toBeVisible();
  await page.getByRole('button', { name: 'Forget the key…' }).click();
  await page.getByRole('button', { name: 'Forget it' }).click();
  await expect(page.getByText('The key is forgotten.')).toBeVisible();
  await page.reload();
  await expect(page.getByText('Nothing can be shown: the packets are sealed')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Download pcapng' })).toHaveCount(0);
  await withoutViolations(page);
});

test('two hosts, merged and side by side; on a phone all of it fits', async ({ page, all }) => {
  await registerKey(page, 'This browser', 'both key', 'may sign', 'capture-headers');
  await page.goto(link([all.north, all.south], { maxSeconds: '4' }));
  await run(page);
  await someRows(page);
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible({ timeout: 30_000 });
  for (const { name } of [all.north, all.south])
    await expect(grid(page).getByRole('row').filter({ hasText: name }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Side by side' }).click();
  const north = page.getByRole('grid', { name: 'Packets of north' });
  await expect(north.getByRole('row').nth(1)).toContainText('127.0.0.1');
  await expect(page.getByRole('grid', { name: 'Packets of south' }).getByRole('row').nth(1)).toBeVisible();
  await page.getByRole('button', { name: 'Side by side' }).click();

  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0);
  await grid(page).getByRole('row').nth(2).click();
  const packet = page.getByRole('region', { name: /^Packet \d/ });
  await expect(packet.getByRole('tree')).toBeInViewport();
  await withoutViolations(page);
  await packet.getByRole('button', { name: 'Close' }).click();
  await expect(packet).toHaveCount(0);
});

test('a host whose file does not allow it, and a filter that is none, are told before anything is sent', async ({
  page,
  all,
}) => {
  await page.goto(link([all.south], { content: 'payload', filter: 'tcp prt 80' }));
  await expect(page.getByRole('radio', { name: /^Payload/ })).toBeDisabled();
  await expect(page.getByText('south does not allow this')).toBeVisible();
  await expect(page.getByText(/^Character 5:/)).toBeVisible();
  await expect(page.locator('mark')).toHaveText('prt 80');
  await page.getByRole('button', { name: /^Sign and run on/ }).click();
  await expect(page.getByRole('alert')).toContainText('The filter, from its character 5 on');
  await page.getByRole('button', { name: 'Choose hosts' }).click();
  const near = page.getByRole('listitem').filter({ hasText: all.foretop.host.name });
  await expect(near.getByRole('checkbox')).toBeDisabled();
  await page.getByRole('button', { name: 'Choose hosts' }).click();

  await page.getByRole('textbox', { name: 'Filter' }).fill('tcp port 80');
  await expect(page.getByText('Understood.')).toBeVisible();
  await run(page);
  const notFrom = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Not from' }) });
  await expect(notFrom).toContainText('south');
});
