// Every page there is, and how to tell that it shows what it should.
import { expect, type Page } from '@playwright/test';

export interface Stop {
  name: string;
  open(page: Page, hostId: number): Promise<void>;
}

const rows = (page: Page, name: string) => page.getByRole('grid', { name }).getByRole('gridcell');

/** Rows come and go: what was first may be gone before the click. */
async function openFirst(page: Page, grid: string, inspector: string): Promise<void> {
  await expect(async () => {
    await rows(page, grid).first().click({ timeout: 2_000 });
    await expect(page.getByRole('complementary', { name: inspector })).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
}

export const stops: Stop[] = [
  {
    name: 'fleet',
    async open(page) {
      await page.goto('/');
      await expect(page.getByRole('region', { name: 'Hosts' }).getByRole('link')).toContainText('Live');
    },
  },
  {
    name: 'fleet as a table',
    async open(page) {
      await page.goto('/?view=table');
      await expect(rows(page, 'Hosts').first()).toBeVisible();
    },
  },
  {
    name: 'add host',
    async open(page) {
      await page.goto('/add');
      await expect(page.getByText('npx foretop enrol-token create')).toBeVisible();
    },
  },
  {
    name: 'connections',
    async open(page, hostId) {
      await page.goto(`/hosts/${hostId}`);
      await expect(rows(page, 'Connections').first()).toBeVisible();
    },
  },
  {
    name: 'connection in full',
    async open(page, hostId) {
      await page.goto(`/hosts/${hostId}`);
      await openFirst(page, 'Connections', 'Connection in full');
    },
  },
  {
    name: 'processes',
    async open(page, hostId) {
      await page.goto(`/hosts/${hostId}?tab=processes`);
      await openFirst(page, 'Processes', 'Process in full');
    },
  },
  {
    name: 'interfaces',
    async open(page, hostId) {
      await page.goto(`/hosts/${hostId}?tab=interfaces`);
      await expect(page.getByRole('rowheader', { name: /^lo/ })).toBeVisible();
    },
  },
  {
    name: 'connections of the fleet',
    async open(page) {
      await page.goto('/connections');
      await expect(rows(page, 'Connections').first()).toBeVisible();
    },
  },
  {
    name: 'palette',
    async open(page) {
      await page.goto('/');
      await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();
      // Keys count from the moment that the page listens, which is a little after it is first drawn.
      await expect(async () => {
        await page.keyboard.press('Control+k');
        await expect(page.getByRole('dialog', { name: 'Find or do' })).toBeVisible({ timeout: 2_000 });
      }).toPass();
    },
  },
  {
    name: 'no such host',
    async open(page) {
      await page.goto('/hosts/424242');
      await expect(page.getByRole('heading', { name: 'No such host' })).toBeVisible();
    },
  },
];
