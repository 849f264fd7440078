// What browser tests stand on: a Foretop of their own on this host, a signed-in page, and an ear for everything a page complains about.
import { test as base, expect, type Browser, type BrowserContext, type Page } from '@playwright/test';
import type { Child } from '../harness/child.ts';
import { run } from '../harness/child.ts';
import { startAgent, type RunningCollector } from '../harness/foretop.ts';
import { startLab } from '../harness/lab.ts';

type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

export interface RunningForetop extends AsyncDisposable {
  collector: RunningCollector;
  /** Replaced by a test that starts another one. */
  agent: Child;
  url: string;
  host: { id: number; name: string };
  /** A link that nobody has used. */
  loginLink(): Promise<string>;
  startAgent(): Child;
  /** Cookie and secret of a browser that has signed in. */
  signedIn: StorageState;
}

export async function startForetop(browser: Browser, name: string): Promise<RunningForetop> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await startLab(name));
  const signedIn = await signIn(browser, lab.collector.loginLink);
  const owned = stack.move();
  return {
    collector: lab.collector,
    agent: lab.agent,
    url: lab.collector.url,
    host: { id: lab.host.id, name: lab.host.name },
    signedIn,
    loginLink: () => loginLink(lab.dataDir),
    startAgent: () => startAgent(lab.collector.url, lab.agentDir, name),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function signIn(browser: Browser, link: string): Promise<StorageState> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(link);
    await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();
    return await context.storageState();
  } finally {
    await context.close();
  }
}

async function loginLink(dataDir: string): Promise<string> {
  const output = await run(['collector/src/main.ts', 'login-link', '--data', dataDir]);
  const link = /http:\S+#login=\S+/.exec(output)?.[0];
  if (!link) throw new Error(`no link in: ${output}`);
  return link;
}

/** Errors and warnings in the console (violations of the content security policy among them), exceptions, dialogs. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()))
      complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return complaints;
}

/** A desk's window, in a time zone that is not UTC. */
export const desk = { viewport: { width: 1440, height: 960 }, timezoneId: 'Europe/Berlin' } as const;

/** `page` is signed in and must not complain; all files share one `foretop`, which they leave as they found it. */
export const test = base.extend<{ signedInPage: Page }, { foretop: RunningForetop }>({
  foretop: [
    async ({ browser }, use) => {
      await using foretop = await startForetop(browser, 'this-host');
      await use(foretop);
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  signedInPage: async ({ browser, foretop }, use) => {
    const context = await browser.newContext({ ...desk, storageState: foretop.signedIn, baseURL: foretop.url });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await use(page);
    await context.close();
    expect(complaints, 'what the page complained about').toEqual([]);
  },
});

export { expect } from '@playwright/test';
