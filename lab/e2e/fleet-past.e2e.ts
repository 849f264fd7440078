// The fleet follows the time bar: what is on record then and what is not; and on a wall it is all there is.
import type { FleetRecord, Host, List } from '@foretop/proto/api';
import { createApiToken, apiClient, eventually } from '../harness/foretop.ts';
import { expect, test } from './running-foretop.ts';

const instant = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

test('before a host was enrolled there is a gap; in a minute on record its rates are means', async ({
  signedInPage: page,
  foretop,
}) => {
  test.setTimeout(300_000);
  const get = apiClient(foretop.url, await createApiToken(foretop.collector.dataDir, 'viewer'));
  // Tests before this one may have enrolled hosts of their own.
  const { items: enrolled } = await get<List<Host>>('/api/v1/hosts?limit=100');
  const hosts = page.getByRole('region', { name: 'Hosts' });
  await page.goto(`/?at=${instant(Date.now() - 86_400_000)}`);
  const counts = page.getByRole('group', { name: 'Hosts by state' });
  await expect(counts.getByRole('button', { name: 'with a gap' })).toHaveText(new RegExp(`^\\s*${enrolled.length}\\D`));
  const tile = hosts.getByRole('link', { name: foretop.host.name });
  await expect(tile).toContainText('not enrolled yet');
  await expect(tile.getByRole('img', { name: 'Gap' })).toBeVisible();
  const note = page.getByRole('note').filter({ hasText: /ha(s|ve) no record of this moment: / });
  await expect(note).toContainText(new RegExp(`${foretop.host.name}.*not enrolled yet`, 's'));
  await expect(page.getByRole('button', { name: /Back to live/ })).toBeFocused();

  const known = await eventually(
    'a minute to be on record',
    async () => {
      const { items, asOf } = await get<FleetRecord>('/api/v1/fleet');
      const item = items.find((one) => one.hostId === foretop.host.id);
      return item && item.knownSeconds > 0
        ? { at: Date.parse(asOf) - 30_000, connections: item.connections }
        : undefined;
    },
    200_000,
  );
  await page.goto(`/?at=${instant(known.at)}`);
  const { items: then } = await get<FleetRecord>(`/api/v1/fleet?at=${instant(known.at)}`);
  const onRecord = then.filter(({ knownSeconds }) => knownSeconds > 0).length;
  await expect(counts.getByRole('button', { name: 'on record' })).toHaveText(new RegExp(`^\\s*${onRecord}\\D`));
  await expect(tile.getByRole('img', { name: 'On record' })).toBeVisible();
  await expect(tile).toContainText(`${known.connections} conns`);
  await expect(tile).toContainText(/[\d.]+\s*[kMG]?B\/s/);
  await expect(page.getByRole('main')).toContainText('The hour before');

  // The time goes along to the host and back.
  await tile.click();
  await expect(page).toHaveURL(/\/hosts\/\d+\?at=/);
  await page.goBack();
  await expect(tile.getByRole('img', { name: 'On record' })).toBeVisible();
  await page.keyboard.press('l');
  await expect(tile).toContainText('Live');
  const { items: live } = await get<List<Host>>('/api/v1/hosts?status=live&limit=100');
  await expect(counts.getByRole('button', { name: 'live' })).toHaveText(new RegExp(`^\\s*${live.length}\\D`));
});

test('a wall display shows hosts by group and nothing to press', async ({ signedInPage: page, foretop }) => {
  await page.goto('/?wall');
  await expect(page.getByRole('link', { name: foretop.host.name })).toContainText('Live');
  await expect(page.getByRole('complementary', { name: 'Pages and hosts' })).toBeHidden();
  await expect(page.getByRole('textbox')).toHaveCount(0);
  const [name, plain] = [await page.locator('.name b').first().boundingBox(), 17];
  expect(name!.height).toBeGreaterThan(plain * 1.3);
});
