// axe finds nothing on any page, in either theme, on a desk and on a phone; and no page is wider than its window.
import { AxeBuilder } from '@axe-core/playwright';
import { complaintsOf, desk, expect, test } from './running-foretop.ts';
import { stops } from './pages.ts';

const phone = { width: 390, height: 844 };
const windows = [
  { window: 'desk', viewport: desk.viewport, themes: ['dark', 'light'] },
  { window: 'phone', viewport: phone, themes: ['light'] },
] as const;

for (const { window, viewport, themes } of windows) {
  test(`every page, ${themes.join(' and ')}, on a ${window}`, async ({ browser, foretop }) => {
    test.setTimeout(stops.length * themes.length * 15_000);
    const { signedIn: storageState, url: baseURL, host } = foretop;
    await using context = await browser.newContext({ ...desk, viewport, storageState, baseURL });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    const found: string[] = [];
    for (const stop of stops) {
      await stop.open(page, host.id);
      for (const theme of themes) {
        await page.emulateMedia({ colorScheme: theme });
        await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
        const { violations } = await new AxeBuilder({ page }).analyze();
        for (const { id, help, nodes } of violations)
          found.push(
            `${stop.name}, ${theme}: ${id} (${help}): ${nodes.map((node) => node.html.slice(0, 200)).join('\n')}`,
          );
      }
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
