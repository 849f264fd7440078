// Ending a process on a far host as docs/containers.md has a person do it, in a browser: from the login link to what the host reports.
import type { Locator, Page } from '@playwright/test';

/** Out of a login link that nobody has used. */
export async function becomeAdministrator(page: Page, loginLink: string): Promise<void> {
  await page.goto(loginLink);
  await page.getByRole('link', { name: 'Create the first administrator' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('mira');
  await page.getByLabel('Password', { exact: true }).fill('a lantern on the foremast');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('button', { name: 'To the fleet' }).click();
}

/** A key of this browser that may end processes on every host. */
export async function makeBrowserKey(page: Page, name: string): Promise<void> {
  await page.goto(new URL('/settings/keys', page.url()).href);
  const form = page.getByRole('form', { name: 'Add a key' });
  await form.getByRole('radio', { name: 'This browser' }).check();
  await form.getByRole('textbox', { name: 'What you call it' }).fill(name);
  await form.getByRole('button', { name: 'Register' }).click();
  const line = page.getByRole('listitem').filter({ hasText: name });
  await line.getByRole('button', { name: 'Grant…' }).click();
  const dialog = page.getByRole('dialog', { name: `Grant ${name}` });
  await dialog.getByRole('checkbox', { name: /^terminate/ }).check();
  await dialog.getByRole('radio', { name: /^every host/ }).check();
  await dialog.getByRole('button', { name: 'Grant' }).click();
  await line.filter({ hasText: 'may sign' }).waitFor();
}

/** The button of a process in full; grey or not. */
export async function buttonOf(page: Page, hostId: number, process: string): Promise<Locator> {
  await page.goto(new URL(`/hosts/${hostId}?tab=processes&q=${process}`, page.url()).href);
  const rows = page.getByRole('grid', { name: 'Processes' }).getByRole('row').filter({ hasText: process });
  await rows.first().click();
  await page.getByRole('complementary', { name: 'Process in full' }).waitFor();
  return page.getByRole('button', { name: 'Terminate…' });
}

/** Types what the dialog asks for, and signs. @returns the dialog with what came of it. */
export async function endProcess(page: Page, hostId: number, process: string): Promise<Locator> {
  const button = await buttonOf(page, hostId, process);
  await button.and(page.locator(':not([aria-disabled="true"])')).click();
  const dialog = page.getByRole('dialog', { name: /^Terminate/ });
  await dialog.getByRole('textbox').fill((await dialog.locator('label b').textContent())!);
  await dialog.getByRole('button', { name: 'Sign and send' }).click();
  await dialog.getByText('Receipt signed by').waitFor();
  return dialog;
}
