// Every page there is, and how to tell that it shows what it should.
import { expect, type Page } from '@playwright/test';

export interface Stop {
  name: string;
  open(page: Page, hostId: number): Promise<void>;
}

const anHourAgo = () => `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
const rows = (page: Page, name: string) => page.getByRole('grid', { name }).getByRole('gridcell');
/** Files before this one may have added hosts to its Foretop. */
const hosts = (page: Page) => page.getByRole('region', { name: 'Hosts' }).getByRole('link');
const liveHost = (page: Page) => hosts(page).filter({ hasText: 'Live' }).first();

/** Rows come and go: what was first may be gone before the click. And what a click opened late lies over the rows on a phone. */
async function openFirst(page: Page, grid: string, inspector: string): Promise<void> {
  const opened = page.getByRole('complementary', { name: inspector });
  await expect(async () => {
    if (!(await opened.isVisible())) await rows(page, grid).first().click({ timeout: 2_000 });
    await expect(opened).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
}

export const stops: Stop[] = [
  {
    name: 'fleet',
    async open(page) {
      await page.goto('/');
      await expect(liveHost(page)).toBeVisible();
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
      await page.getByRole('button', { name: 'Make a token and show the lines' }).click();
      await expect(page.getByText('/install.sh | sudo sh')).toBeVisible();
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
      await page.goto(`/hosts/${hostId}?tab=processes&q=postgres`);
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
    name: 'fleet as of a time',
    async open(page) {
      await page.goto(`/?at=${anHourAgo()}`);
      await expect(hosts(page).filter({ hasText: 'Gap' }).first()).toBeVisible();
    },
  },
  {
    name: 'fleet as a table, as of a time',
    async open(page) {
      await page.goto(`/?view=table&at=${anHourAgo()}`);
      await expect(rows(page, 'Hosts').first()).toBeVisible();
    },
  },
  {
    name: 'fleet by group',
    async open(page) {
      await page.goto('/?group=status');
      await expect(page.getByRole('heading', { name: /Live/ })).toBeVisible();
    },
  },
  {
    name: 'wall display',
    async open(page) {
      await page.goto('/?wall');
      await expect(liveHost(page)).toBeVisible();
    },
  },
  {
    name: 'applications',
    async open(page, hostId) {
      await page.goto(`/hosts/${hostId}?tab=applications`);
      await expect(page.getByRole('region', { name: 'Applications' })).toBeVisible({ timeout: 30_000 });
    },
  },
  ...['connections', 'processes', 'interfaces', 'applications', 'dns'].map((tab) => ({
    name: `${tab} of a host as of a time`,
    async open(page: Page, hostId: number) {
      await page.goto(`/hosts/${hostId}?tab=${tab}&at=${anHourAgo()}`);
      await expect(page.getByRole('status').getByText(/^As of/)).toBeVisible();
      await expect(page.getByRole('heading', { name: 'Bandwidth' })).toBeAttached();
    },
  })),
  {
    name: 'gap ledger',
    async open(page, hostId) {
      await page.goto(`/hosts/${hostId}`);
      await page.getByRole('button', { name: /covered|coverage unknown/ }).click();
      await expect(page.getByRole('dialog', { name: 'What is not known' })).toContainText('The last 24 h');
    },
  },
  {
    name: 'a term and its meaning',
    async open(page, hostId) {
      await page.goto(`/hosts/${hostId}`);
      await page.getByRole('button', { name: /^tier/ }).click();
      await page.getByRole('button', { name: 'Tier', exact: true }).click();
      await expect(page.getByRole('dialog', { name: 'Tier' })).toContainText('eBPF');
    },
  },
  {
    name: 'DNS',
    async open(page) {
      await page.goto('/dns');
      await expect(page.getByRole('grid', { name: 'DNS questions' })).toBeVisible();
    },
  },
  {
    name: 'findings',
    async open(page) {
      await page.goto('/findings?q=nothing of this kind');
      await expect(page.getByText('No finding matches this filter.')).toBeVisible();
    },
  },
  {
    name: 'map',
    async open(page) {
      await page.goto('/map');
      await expect(page.getByRole('img', { name: /^World map/ })).toBeVisible();
    },
  },
  {
    name: 'a detector',
    async open(page) {
      await page.goto('/settings/detectors?detector=port-scan');
      await expect(page.getByRole('table', { name: 'Thresholds of Port scan' })).toBeVisible();
    },
  },
  {
    name: 'suppressions',
    async open(page) {
      await page.goto('/settings/suppressions');
      await expect(page.getByText('There is no rule.')).toBeVisible();
    },
  },
  {
    name: 'notifications',
    async open(page) {
      await page.goto('/settings/notifications');
      await page.getByRole('button', { name: 'New channel' }).click();
      await expect(page.getByRole('dialog', { name: 'New channel' })).toBeVisible();
    },
  },
  {
    name: 'places and lists',
    async open(page) {
      await page.goto('/settings/lists');
      await expect(page.getByText('Countries and cities')).toBeVisible();
    },
  },
  {
    name: 'audit',
    async open(page) {
      await page.goto('/audit');
      await openFirst(page, 'Audit log', 'Audit entry in full');
    },
  },
  {
    name: 'chains of the audit',
    async open(page) {
      await page.goto('/audit');
      await page.getByRole('button', { name: /^chain of/ }).click();
      await expect(page.getByRole('dialog', { name: 'Chains' })).toContainText('Save the heads');
    },
  },
  {
    name: 'tools',
    async open(page, hostId) {
      await page.goto(`/tools?tool=scan&target=192.0.2.7&from=${hostId}`);
      await expect(page.getByRole('button', { name: 'Sign and run on 1 host' })).toBeVisible();
    },
  },
  {
    name: 'runs of tools',
    async open(page) {
      await page.goto('/tools?view=history');
      await expect(page.getByText('Nothing was run yet.')).toBeVisible();
    },
  },
  {
    name: 'watches',
    async open(page) {
      await page.goto('/tools?view=watches');
      await expect(page.getByText('No host watches anything.')).toBeVisible();
    },
  },
  {
    name: 'approvals',
    async open(page) {
      await page.goto('/approvals?show=all');
      await expect(page.getByText('No command was ever asked for.')).toBeVisible();
    },
  },
  {
    name: 'signing keys',
    async open(page) {
      await page.goto('/settings/keys');
      await expect(page.getByText('It sits with the collector.')).toBeVisible();
    },
  },
  {
    name: 'what a host allows',
    async open(page, hostId) {
      await page.goto(`/hosts/${hostId}`);
      await page.getByRole('button', { name: /^may observe/ }).click();
      await expect(page.getByRole('dialog', { name: 'What this host allows' })).toContainText('Weakest signature');
    },
  },
  {
    name: 'go to a time',
    async open(page) {
      await page.goto('/');
      await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();
      await page.getByTitle('Go to a time (T)').click();
      await expect(page.getByRole('dialog', { name: 'Go to a time' })).toBeVisible();
    },
  },
  {
    name: 'no such page',
    async open(page) {
      await page.goto('/nowhere');
      await expect(page.getByRole('heading', { name: 'No such page' })).toBeVisible();
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
