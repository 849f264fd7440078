// With a finger instead of a pointer: on every page each target is at least 24 by 24 px and each row that opens 44 px high, on a phone
// and on a tablet.
import type { Page } from '@playwright/test';
import { stops, type Stop } from './pages.ts';
import { expect, test } from './running-foretop.ts';
import { smallTargets } from './small-targets.ts';

const filtered: Stop = {
  name: 'a filter in chips',
  async open(page) {
    await page.goto('/connections?state=established&process=!sshd');
    await expect(page.getByRole('button', { name: /^Remove process/ })).toBeVisible();
  },
};

const heightsOfRows = (page: Page): Promise<number[]> =>
  page
    .getByRole('grid')
    .locator('[role="row"][aria-selected]')
    .evaluateAll((rows) => rows.map((row) => row.clientHeight + 1).filter((px) => px > 1));

/** Of processes, above a table. */
const cutChips = (page: Page): Promise<string[]> =>
  page.getByRole('group', { name: 'Processes with most connections' }).evaluateAll((groups) =>
    groups.flatMap((group) => {
      const room = group.getBoundingClientRect();
      return [...group.children].flatMap((chip) => {
        const { top, right } = chip.getBoundingClientRect();
        return top < room.bottom && right > room.right + 1 ? [`${chip.textContent}, ${room.width} px`] : [];
      });
    }),
  );

test('chips of processes are there as a whole or not at all, however wide the window', async ({ browser, foretop }) => {
  const { signedIn: storageState, url: baseURL } = foretop;
  await using context = await browser.newContext({ hasTouch: true, storageState, baseURL });
  const page = await context.newPage();
  await filtered.open(page, foretop.host.id);
  await expect(page.getByTitle(/^Only /).first()).toBeVisible();
  const found: string[] = [];
  for (let width = 1_240; width > 640; width -= 20) {
    await page.setViewportSize({ width, height: 900 });
    found.push(...(await cutChips(page)));
  }
  expect(found).toEqual([]);
});

for (const [window, viewport] of [
  ['phone', { width: 390, height: 844 }],
  ['tablet', { width: 820, height: 1100 }],
] as const) {
  test(`every page on a ${window}`, async ({ browser, foretop }) => {
    test.setTimeout(stops.length * 15_000);
    const { signedIn: storageState, url: baseURL, host } = foretop;
    await using context = await browser.newContext({ viewport, hasTouch: true, isMobile: true, storageState, baseURL });
    const page = await context.newPage();
    const found: string[] = [];
    for (const stop of [...stops, filtered]) {
      await stop.open(page, host.id);
      expect(await page.evaluate(`matchMedia('(pointer: coarse)').matches`)).toBe(true);
      const beyond = await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth);
      if (beyond > 0) found.push(`${stop.name}: ${beyond} px wider than the window`);
      const lowRows = (await heightsOfRows(page)).filter((px) => px < 44);
      if (lowRows.length > 0) found.push(`${stop.name}: rows of ${lowRows[0]} px`);
      for (const target of await smallTargets(page)) found.push(`${stop.name}: ${target}`);
    }
    expect(found).toEqual([]);
  });
}
