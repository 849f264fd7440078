// Texts of a hostile host, in every field that an agent can fill: on each page, in each export and on the terminal they stay text.
import { writeFile } from 'node:fs/promises';
import type { List, Process } from '@foretop/proto/api';
import type { Page } from '@playwright/test';
import { run } from '../harness/child.ts';
import { apiClient, collectorMain, createApiToken, eventually } from '../harness/foretop.ts';
import { type HostileHost, joinHostileHost, raw, steering } from './hostile-host.ts';
import { complaintsOf, desk, expect, type RunningForetop, startForetop, test } from './running-foretop.ts';

let foretop: RunningForetop;
let hostile: HostileHost;
let token: string;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({ browser }) => {
  test.setTimeout(180_000);
  foretop = await startForetop(browser, 'beside');
  hostile = await joinHostileHost(foretop.collector);
  token = await createApiToken(foretop.collector.dataDir, 'admin');
  const get = apiClient(foretop.url, token);
  await eventually('its process to be stored', async () => {
    const { items } = await get<List<Process>>(`/api/v1/hosts/${hostile.hostId}/processes`);
    return items[0];
  });
});
test.afterAll(async () => {
  hostile?.[Symbol.dispose]();
  await foretop?.[Symbol.asyncDispose]();
});

interface Found {
  /** Elements that only markup of the host could have made. */
  elements: number;
  title: string;
  /** Texts and attributes in which a character stands that must not. */
  raw: string[];
}

/** In the page, where this file's types are not those of a browser. */
const look = (page: Page): Promise<Found> =>
  page.evaluate<Found>(`(() => {
    const forbidden = ${String(raw)};
    const all = [...document.querySelectorAll('*')];
    const attributes = all.flatMap((element) => [...element.attributes].map(({ name, value }) => name + '=' + value));
    const values = all.flatMap((element) => ('value' in element ? String(element.value) : []));
    return {
      elements: document.querySelectorAll('img[src="x"], [onerror]').length,
      title: document.title,
      raw: [...document.body.innerText.split('\\n'), ...attributes, ...values].filter((one) => forbidden.test(one)),
    };
  })()`);

const pages: [name: string, path: string, shows: boolean][] = [
  ['fleet', '/', true],
  ['fleet as a table', '/?view=table', true],
  ['wall', '/?wall', true],
  ['connections of the host', '/hosts/ID', true],
  ['processes', '/hosts/ID?tab=processes', true],
  ['applications', '/hosts/ID?tab=applications', true],
  ['interfaces', '/hosts/ID?tab=interfaces', true],
  ['DNS of the host', '/hosts/ID?tab=dns', true],
  ['connections of the fleet', '/connections', true],
  ['DNS', '/dns', true],
  ['map', '/map', false],
  ['findings', '/findings', false],
  ['tools', '/tools', false],
  ['approvals', '/approvals', false],
  ['audit', '/audit', false],
  ['hosts in settings', '/settings/hosts', true],
  ['keys in settings', '/settings/keys', false],
];

test('no page makes anything of them but text', async ({ browser }) => {
  test.setTimeout(240_000);
  const context = await browser.newContext({ ...desk, storageState: foretop.signedIn, baseURL: foretop.url });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  const faults: string[] = [];
  for (const [name, path, shows] of pages) {
    await test.step(name, async () => {
      await page.goto(path.replace('ID', String(hostile.hostId)));
      await expect(page.getByRole('main')).toBeVisible();
      if (shows) await expect.soft(page.locator('body'), name).toContainText('<img src=x', { timeout: 20_000 });
      else await page.waitForTimeout(1_500);
      const row = page.getByRole('gridcell').filter({ hasText: '<img' }).first();
      if ((await row.count()) > 0) await row.click({ timeout: 5_000 }).catch(() => undefined);
      await page.waitForTimeout(500);
      const { elements, raw: shown, title } = await look(page);
      faults.push(...shown.map((text) => `${name}: ${text}`));
      if (elements > 0) faults.push(`${name}: ${elements} elements`);
      if (title === 'taken') faults.push(`${name}: the title`);
    });
  }
  await context.close();
  expect([...faults, ...complaints]).toEqual([]);
});

for (const path of ['/connections', '/dns', '/hosts', '/hosts/ID/connections', '/hosts/ID/processes', '/audit']) {
  test(`CSV of ${path} holds no formula and no control character`, async () => {
    const url = `${foretop.url}/api/v1${path.replace('ID', String(hostile.hostId))}?format=csv`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const body = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/csv')]);
    if (path !== '/audit') expect(body).toContain('<img');
    // A cell begins at the start of a line or behind a comma, in quotes or not.
    expect(body.split(/\r\n/).filter((line) => /(?:^|,)"?[=@+\t]/.test(line))).toEqual([]);
  });
}

for (const command of [
  ['hosts', []],
  ['connections', ['--host', 'ID']],
  ['connections', ['--host', 'ID', '--json']],
] as const) {
  test(`foretop ${command.flat().join(' ')} steers no terminal`, async () => {
    const args = command[1].map((arg) => arg.replace('ID', String(hostile.hostId)));
    const file = `${foretop.collector.dataDir}/cli-token`;
    await writeFile(file, token, { mode: 0o600 });
    const told = await run([collectorMain, command[0], '--server', foretop.url, '--token-file', file, ...args]);
    expect(told).toContain('<img');
    const forbidden = args.includes('--json') ? steering : raw;
    expect(told.split('\n').filter((line) => forbidden.test(line))).toEqual([]);
  });
}
