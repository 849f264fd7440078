// Takes the pictures of the README from a live run: this host under some load, and a simulated fleet around it.
//
//   npm run screenshots -w lab
//   npm run screenshots -w lab -- --gallery FOLDER      every page in every state instead; --only past-host for some
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host, List } from '@foretop/proto/api';
import { type Browser, chromium, type Page } from '@playwright/test';
import { Child, repository } from '../harness/child.ts';
import { chromiumOptions } from '../harness/chromium.ts';

import { createApiToken, eventually, startCollector } from '../harness/foretop.ts';
import { startLab } from '../harness/lab.ts';
import { takeGallery } from './gallery.ts';
import { seedFindings, someFindings } from './seeded-findings.ts';
import { seedTraffic } from './seeded-traffic.ts';
import { smallPng } from './small-png.ts';
import { holdConnection } from './steady-connection.ts';

const simulatedHosts = 40;
const mostBytes = 350_000;
/** The chart shows 30 s, a sparkline 60. */
const warmUpMs = 62_000;
const folder = join(repository, 'docs', 'images');
const desk = { width: 1440, height: 960 };
const phone = { width: 390, height: 844 };

type Theme = 'dark' | 'light';

const { values } = parseArgs({ options: { gallery: { type: 'string' }, only: { type: 'string', default: '' } } });
if (values.gallery === undefined) await takeReadmePictures();
else await takeGallery(values.gallery, values.only);

async function takeReadmePictures(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await startLab('this-host'));
  const admin = await createApiToken(lab.dataDir, 'admin');
  const args = [
    '--collector',
    lab.collector.url,
    '--token-file',
    '-',
    '--hosts',
    `${simulatedHosts}`,
    '--profile',
    'mix',
  ];
  stack.use(new Child('simulator', ['lab/simulator/main.ts', ...args], { input: `${admin}\n` }));
  for (const bytesPerSecond of [6_000_000, 2_400_000, 900_000, 300_000, 80_000, 12_000]) {
    stack.use(await holdConnection(bytesPerSecond));
  }
  const hosts = await eventually('the simulated fleet to be live', async () => {
    const { items } = await lab.get<List<Host>>('/api/v1/hosts?status=live&limit=100');
    return items.length > simulatedHosts ? items : undefined;
  });
  const webHost = hosts.find(({ name }) => name.startsWith('web-'))!;
  const ids = hosts.map(({ id }) => id);
  const shown = someFindings(ids).filter(({ detector }) => detector !== 'temporary-path');
  await seedFindings(lab.dataDir, shown);
  await seedTraffic(lab.dataDir, ids.slice(0, 6));
  // What it counts in memory it reads when it starts.
  await lab.collector.child.kill();
  const collector = stack.use(await startCollector(lab.dataDir, lab.collector.port));
  const browser = stack.adopt(await chromium.launch(chromiumOptions), (open) => open.close());
  const storageState = await signIn(browser, collector.loginLink);
  // Pages collect what they show while they are open, so all are opened first.
  const shots = await Promise.all([
    open('fleet-dark', '/', 'dark', desk),
    open('host-dark', `/hosts/${webHost.id}`, 'dark', desk),
    open('connections-light', '/connections?state=established', 'light', desk),
    open('dns-dark', '/dns?name=*.example', 'dark', desk),
    open('findings-dark', '/findings', 'dark', desk),
    open('map-light', '/map', 'light', desk),
    open('host-phone', `/hosts/${lab.host.id}`, 'light', phone),
  ]);
  console.log(`Waiting ${warmUpMs / 1000} s for the charts to fill`);
  await sleep(warmUpMs);
  for (const { name, page } of shots) await take(name, page);

  async function open(
    name: string,
    path: string,
    colorScheme: Theme,
    viewport: typeof desk,
  ): Promise<{ name: string; page: Page }> {
    const context = await browser.newContext({ viewport, colorScheme, storageState, baseURL: lab.collector.url });
    const page = await context.newPage();
    await page.goto(path);
    return { name, page };
  }
}

async function take(name: string, page: Page): Promise<void> {
  const path = join(folder, `${name}.png`);
  await page.bringToFront();
  await sleep(1_500);
  const picture = smallPng(await page.screenshot());
  if (picture.length > mostBytes)
    throw new Error(`${path} has ${picture.length} bytes, at most ${mostBytes} are wanted`);
  writeFileSync(path, picture);
  console.log(`${path} ${Math.ceil(picture.length / 1000)} kB`);
}

async function signIn(browser: Browser, link: string) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  await page.getByRole('heading', { name: 'Fleet' }).waitFor();
  const state = await context.storageState();
  await context.close();
  return state;
}
