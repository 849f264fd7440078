// What every test of ending something begins with: a page that may not complain, a process in full, the dialog.
import type { Page } from '@playwright/test';
import { test as acting } from './acting-foretop.ts';
import type { FarHost } from './far-host.ts';
import { complaintsOf, expect } from './running-foretop.ts';

export const test = acting.extend({
  page: async ({ page }, use) => {
    const complaints = complaintsOf(page);
    await use(page);
    // A refusal is an answer with a status, which Chromium calls an error.
    expect(complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
  },
});

export async function openProcess(page: Page, host: FarHost, pid: number): Promise<void> {
  await page.goto(`/hosts/${host.id}?tab=processes&q=${pid}`);
  const row = page
    .getByRole('grid', { name: 'Processes' })
    .getByRole('row')
    .filter({ has: page.getByRole('gridcell', { name: `${pid}`, exact: true }) });
  await expect(row).toHaveCount(1, { timeout: 30_000 });
  await row.click();
  await expect(page.getByRole('complementary', { name: 'Process in full' })).toContainText(`${pid}`);
}

/** By the key of the keyboard, once the button is no longer grey. */
export async function askToTerminate(page: Page) {
  const button = page.getByRole('button', { name: 'Terminate…' });
  await expect(button).not.toHaveAttribute('aria-disabled', 'true');
  await page.keyboard.press('x');
  return page.getByRole('dialog', { name: /^Terminate/ });
}
