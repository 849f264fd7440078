// An administrator with an account and, where a test wants one, a key that hosts take: what acting on a far host needs.
import { expect, type Browser, type BrowserContext, type CDPSession, type Page } from '@playwright/test';
import { desk, type RunningForetop } from './running-foretop.ts';

type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

const credentials = { name: 'mira', password: 'a password of several words' };

/** Makes the first administrator with a login link. @returns what a browser signed in as that account holds. */
export async function makeAdministrator(browser: Browser, foretop: RunningForetop): Promise<StorageState> {
  await using context = await browser.newContext({ baseURL: foretop.url });
  const headers = { origin: foretop.url };
  const [, code] = /#login=(\S+)/.exec(await foretop.loginLink())!;
  const linked = await context.request.post('/api/v1/session', { data: { code }, headers });
  const { secret } = (await linked.json()) as { secret: string };
  const made = await context.request.post('/api/v1/setup', {
    data: credentials,
    headers: { ...headers, 'x-foretop-session': secret },
  });
  expect(made.status(), await made.text()).toBeLessThan(300);
  const signedIn = await context.request.post('/api/v1/session', { data: credentials, headers });
  expect(signedIn.status(), await signedIn.text()).toBeLessThan(300);
  const opened = (await signedIn.json()) as { secret: string };
  const page = await context.newPage();
  await page.addInitScript((kept) => localStorage.setItem('foretop.session', kept), opened.secret);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();
  return await context.storageState();
}

export const openAs = async (browser: Browser, foretop: RunningForetop, storageState: StorageState) => {
  const context = await browser.newContext({ ...desk, storageState, baseURL: foretop.url });
  return { context, page: await context.newPage() };
};

export interface Authenticator {
  id: string;
  session: CDPSession;
}

/** A security key that touches itself and knows its owner (WebAuthn, section 11). */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { id: authenticatorId, session };
}

/** Registers a key on the page of keys, and grants it one capability on every host. `state`: what it is shown to be then. */
export async function registerKey(
  page: Page,
  kind: 'This browser' | 'Passkey',
  name: string,
  state = 'may sign',
  capability: 'terminate' | 'probe' | 'capture-headers' | 'capture-payload' = 'terminate',
): Promise<void> {
  await page.goto('/settings/keys');
  const form = page.getByRole('form', { name: 'Add a key' });
  await form.getByRole('radio', { name: kind }).check();
  await form.getByRole('textbox', { name: 'What you call it' }).fill(name);
  await form.getByRole('button', { name: 'Register' }).click();
  const line = page.getByRole('listitem').filter({ hasText: name });
  await expect(line).toContainText('waits for an administrator');
  await line.getByRole('button', { name: 'Grant…' }).click();
  const dialog = page.getByRole('dialog', { name: `Grant ${name}` });
  await expect(dialog.getByRole('button', { name: 'Grant' })).toBeDisabled();
  await dialog.getByRole('checkbox', { name: new RegExp(`^${capability}`) }).check();
  await dialog.getByRole('radio', { name: /^every host/ }).check();
  await dialog.getByRole('button', { name: 'Grant' }).click();
  await expect(line).toContainText(state);
  await expect(line).toContainText(`${capability} on every host`);
}
