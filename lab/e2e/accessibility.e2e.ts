// axe finds nothing on any page, in either theme, on a desk and on a phone; and no page is wider than its window.
import { AxeBuilder } from '@axe-core/playwright';
import { complaintsOf, desk, expect, test } from './running-foretop.ts';
import { stops } from './pages.ts';

const phone = { width: 390, height: 844 };
const views = [
  { theme: 'dark', window: 'desk', viewport: desk.viewport },
  { theme: 'light', window: 'desk', viewport: desk.viewport },
  { theme: 'light', window: 'phone', viewport: phone },
] as const;

for (const { theme, window, viewport } of views) {
  test(`every page, ${theme}, on a ${window}`, async ({ browser, foretop }) => {
    test.setTimeout(stops.length * 15_000);
    const { signedIn: storageState, url: baseURL, host } = foretop;
    await using context = await browser.newContext({ ...desk, viewport, storageState, baseURL, colorScheme: theme });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    const found: string[] = [];
    for (const stop of stops) {
      await stop.open(page, host.id);
      expect(await page.locator('html').getAttribute('data-theme')).toBe(theme);
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, help, nodes } of violations)
        found.push(`${stop.name}: ${id} (${help}): ${nodes.map((node) => node.html.slice(0, 200)).join('\n')}`);
      const beyond = await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth);
      if (beyond > 0) found.push(`${stop.name}: ${beyond} px wider than the window`);
    }
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
  });
}

test('signed out', async ({ browser, foretop }) => {
  for (const colorScheme of ['dark', 'light'] as const) {
    await using context = await browser.newContext({ ...desk, baseURL: foretop.url, colorScheme });
    const page = await context.newPage();
    await page.goto('/');
    await expect(page.getByText('npx foretop login-link')).toBeVisible();
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }
});
