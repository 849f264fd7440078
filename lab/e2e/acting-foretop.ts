// What tests of acting on hosts stand on: an administrator with an account, and three far hosts that take different signatures.
import { test as base, type Page } from '@playwright/test';
import { makeAdministrator, openAs } from './administrator.ts';
import { type FarHost, startFarHost } from './far-host.ts';
import { type RunningForetop, startForetop } from './running-foretop.ts';

interface Acting {
  /** Its own host allows `observe` only. */
  foretop: RunningForetop;
  admin: Awaited<ReturnType<typeof makeAdministrator>>;
  /** Takes a browser's key. */
  lab: FarHost;
  /** Takes a passkey at least. */
  prod: FarHost;
  /** Takes only `foretop approve`. */
  vault: FarHost;
}

/** `stage`: a test file that names one of its own gets a Foretop of its own, for hosts take three commands a minute. */
export const test = base.extend<{ page: Page }, { stage: string; all: Acting }>({
  stage: ['', { scope: 'worker', option: true }],
  all: [
    async ({ browser }, use) => {
      await using stack = new AsyncDisposableStack();
      const foretop = stack.use(await startForetop(browser, 'near'));
      const admin = await makeAdministrator(browser, foretop);
      const far = async (name: string, signer: 'browser' | 'passkey' | 'approve') =>
        stack.use(await startFarHost(foretop.collector, name, { allow: 'terminate', signer }));
      const [lab, prod] = [await far('far-lab', 'browser'), await far('far-prod', 'passkey')];
      await use({ foretop, admin, lab, prod, vault: await far('far-vault', 'approve') });
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  page: async ({ browser, all }, use) => {
    const { context, page } = await openAs(browser, all.foretop, all.admin);
    await use(page);
    await context.close();
  },
});
