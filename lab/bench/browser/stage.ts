// A collector, a simulated fleet and a signed-in browser for the benchmarks.
import type { Host, List } from '@foretop/proto/api';
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test';
import { Child } from '../../harness/child.ts';
import { chromiumOptions } from '../../harness/chromium.ts';
import {
  apiClient,
  createApiToken,
  eventually,
  freePort,
  startCollector,
  temporaryFolder,
} from '../../harness/foretop.ts';

export interface Stage extends AsyncDisposable {
  url: string;
  dataDir: string;
  browser: Browser;
  storageState: Awaited<ReturnType<BrowserContext['storageState']>>;
  get<Body>(path: string): Promise<Body>;
  /** A page of a browser that has signed in. */
  open(path: string): Promise<Page>;
}

export const desk = { width: 1440, height: 960 };

/** `scale` multiplies the 200 connections of a typical host. */
export async function startStage(hosts: number, scale: number): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('browser'));
  const collector = stack.use(await startCollector(`${folder.path}/data`, await freePort()));
  const get = apiClient(collector.url, await createApiToken(collector.dataDir, 'viewer'));
  if (hosts > 0) {
    const admin = await createApiToken(collector.dataDir, 'admin');
    const args = ['--collector', collector.url, '--token-file', '-', '--hosts', `${hosts}`, '--profile', 'typical'];
    stack.use(
      new Child('simulator', ['lab/simulator/main.ts', ...args, '--scale', `${scale}`, '--skewed', '0'], {
        input: `${admin}\n`,
      }),
    );
    await eventually(
      'the simulated fleet to be live',
      async () => {
        let live = 0;
        for (let cursor: string | null = ''; cursor !== null;) {
          const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
          const page: List<Host> = await get(`/api/v1/hosts?status=live&limit=1000${query}`);
          live += page.items.length;
          cursor = page.nextCursor;
        }
        return live >= hosts || undefined;
      },
      300_000,
    );
  }
  const browser = stack.adopt(await chromium.launch(chromiumOptions), (open) => open.close());
  const context = await browser.newContext();
  const first = await context.newPage();
  await first.goto(collector.loginLink);
  await first.getByRole('heading', { name: 'Fleet' }).waitFor();
  const storageState = await context.storageState();
  await context.close();
  const owned = stack.move();
  return {
    url: collector.url,
    dataDir: collector.dataDir,
    browser,
    storageState,
    get,
    async open(path) {
      const signedIn = await browser.newContext({ storageState, viewport: desk, baseURL: collector.url });
      const page = await signedIn.newPage();
      await page.goto(path);
      return page;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
