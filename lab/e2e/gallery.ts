// Every page in every state that it has, at three widths and in both themes, as pictures to be looked at.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host, List } from '@foretop/proto/api';
import { type Browser, chromium, type Page } from '@playwright/test';
import { chromiumOptions } from '../harness/chromium.ts';
import { eventually, freePort, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { startSimulatedFleet } from './simulated-fleet.ts';
import { holdConnection } from './steady-connection.ts';

interface Shot {
  name: string;
  path: string;
  /** What is to be opened on the page first. */
  act?: (page: Page) => Promise<void>;
}

const sizes = [
  { width: 1440, height: 900 },
  { width: 820, height: 1100 },
  { width: 390, height: 844 },
];
const themes = ['dark', 'light'] as const;
const fleetHosts = 24;
const historySeconds = 3600;
/** Data arrive, and what fades in has faded. */
const settleMs = 2_500;
const resizeMs = 700;

const pages: Shot[] = [
  { name: 'fleet', path: '/' },
  { name: 'connections', path: '/connections' },
  { name: 'dns', path: '/dns' },
  { name: 'add', path: '/add' },
  { name: 'map', path: '/map' },
  { name: 'findings', path: '/findings' },
  { name: 'tools', path: '/tools' },
  { name: 'audit', path: '/audit' },
  { name: 'approvals', path: '/approvals' },
  { name: 'settings', path: '/settings/keys' },
  { name: 'detectors', path: '/settings/detectors?detector=port-scan' },
  { name: 'suppressions', path: '/settings/suppressions' },
  { name: 'notifications', path: '/settings/notifications' },
  { name: 'lists', path: '/settings/lists' },
];
const hostTabs = ['connections', 'processes', 'interfaces', 'applications', 'dns'];
const hostPages = (id: number, query = ''): Shot[] =>
  hostTabs.map((tab) => ({ name: `host-${tab}`, path: `/hosts/${id}?tab=${tab}${query}` }));

/** `only`: the beginning of the names that are wanted; empty: all. */
export async function takeGallery(folder: string, only: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const browser = stack.adopt(await chromium.launch(chromiumOptions), (open) => open.close());
  if (wanted('none')) await noData(browser);
  if (wanted('much') || wanted('past') || wanted('dead')) await muchData(browser);

  function wanted(stage: string): boolean {
    return only === '' || only.startsWith(stage) || stage.startsWith(only);
  }

  async function noData(browser: Browser): Promise<void> {
    await using folders = await temporaryFolder('gallery');
    await using collector = await startCollector(`${folders.path}/data`, await freePort());
    const context = await browser.newContext({ baseURL: collector.url });
    const first = await context.newPage();
    await take(first, 'none', [{ name: 'signed-out', path: '/' }]);
    await first.goto(collector.loginLink);
    await sleep(settleMs);
    await take(first, 'none', [{ name: 'after-link', path: first.url() }, ...pages]);
    await context.close();
  }

  async function muchData(browser: Browser): Promise<void> {
    await using fleet = await startSimulatedFleet(browser, fleetHosts, historySeconds);
    const { foretop } = fleet;
    using _ = await holdConnection(900_000);
    const { items } = await fleet.get<List<Host>>('/api/v1/hosts?limit=100');
    const web = items.find(({ name }) => name.startsWith('web-')) ?? items[0]!;
    const context = await browser.newContext({ storageState: foretop.signedIn, baseURL: foretop.url });
    const page = await context.newPage();
    const ago = `${new Date(Date.now() - 40 * 60_000).toISOString().slice(0, 19)}Z`;
    if (wanted('much')) {
      const [cell, key] = [
        (of: Page) => of.getByRole('gridcell').first().click(),
        (press: string) => (of: Page) => of.keyboard.press(press),
      ];
      await take(page, 'much', [
        ...pages,
        { name: 'fleet-table', path: '/?view=table' },
        { name: 'fleet-groups', path: '/?group=status' },
        { name: 'fleet-wall', path: '/?wall' },
        { name: 'palette', path: '/', act: key('Control+k') },
        { name: 'keys', path: '/', act: key('?') },
        { name: 'connections-cards', path: '/connections?view=cards' },
        { name: 'connections-filter', path: '/connections?state=established&process=!sshd' },
        { name: 'connection', path: '/connections?state=established', act: cell },
        ...hostPages(web.id),
        { name: 'process', path: `/hosts/${web.id}?tab=processes`, act: cell },
        { name: 'this-host', path: `/hosts/${foretop.host.id}` },
        { name: 'no-such-page', path: '/nowhere' },
        { name: 'no-such-host', path: '/hosts/424242' },
      ]);
    }
    if (wanted('past'))
      await take(page, 'past', [
        { name: 'fleet', path: `/?at=${ago}` },
        { name: 'connections', path: `/connections?at=${ago}` },
        { name: 'dns', path: `/dns?at=${ago}` },
        ...hostPages(web.id, `&at=${ago}`),
      ]);
    if (!wanted('dead')) return;
    await foretop.agent.kill();
    await eventually(
      'the host to be offline',
      async () => {
        const { items } = await fleet.get<List<Host>>('/api/v1/hosts?limit=100');
        return items.find(({ id, status }) => id === foretop.host.id && status === 'offline');
      },
      120_000,
    );
    await take(page, 'dead', [{ name: 'fleet', path: '/' }, ...hostPages(foretop.host.id)]);
    const open = await context.newPage();
    await open.goto('/connections');
    await sleep(settleMs);
    await foretop.collector.child.kill();
    await sleep(settleMs);
    await shoot(open, 'dead', 'cut-off');
  }

  async function take(page: Page, stage: string, shots: readonly Shot[]): Promise<void> {
    for (const { name, path, act } of shots) {
      if (!`${stage}-${name}`.startsWith(only)) continue;
      await page.setViewportSize(sizes[0]!);
      await page.goto(path);
      await sleep(settleMs);
      await act?.(page);
      if (act) await sleep(resizeMs);
      await shoot(page, stage, name);
    }
  }

  async function shoot(page: Page, stage: string, name: string): Promise<void> {
    for (const size of sizes) {
      await page.setViewportSize(size);
      for (const theme of themes) {
        await page.emulateMedia({ colorScheme: theme });
        await sleep(resizeMs);
        await page.screenshot({ path: join(folder, `${stage}-${name}-${size.width}-${theme}.png`) });
      }
    }
    console.log(`${stage} ${name}`);
  }
}
