// The whole way without a pointer: fleet, host, connection, its process, and back.
import { expect, test } from './running-foretop.ts';
import { holdConnection } from './steady-connection.ts';

test('a walk by keys alone', async ({ signedInPage: page, foretop }) => {
  using held = await holdConnection(20_000);
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'Hosts' }).getByText('Live')).toBeVisible();

  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/hosts\/\d+$/);
  const grid = page.getByRole('grid', { name: 'Connections' });
  await expect(grid.getByRole('gridcell').first()).toBeVisible();

  await page.keyboard.press('/');
  await page.keyboard.type(held.client);
  await expect(grid.getByRole('row').filter({ hasText: held.client })).toHaveCount(2);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('textbox', { name: 'Search these' })).not.toBeFocused();
  await page.keyboard.press('j');
  const details = page.getByRole('complementary', { name: 'Connection in full' });
  await expect(details).toContainText(held.client);
  await page.keyboard.press('f');
  await expect(page.getByRole('group', { name: 'Filters' })).toContainText(held.comm);
  await page.keyboard.press('Escape');
  await expect(details).toBeHidden();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('group', { name: 'Filters' })).not.toContainText(held.comm);

  await page.keyboard.press('2');
  await expect(page.getByRole('tab', { name: 'Processes' })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('3');
  await expect(page.getByRole('tab', { name: 'Interfaces' })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText(/previous row/i);
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await expect(page.getByRole('heading', { name: 'Fleet' })).toBeVisible();

  await page.keyboard.press('Control+k');
  await page.keyboard.type(foretop.host.name);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: foretop.host.name })).toBeVisible();
});

test('Tab reaches every control of the page in order, and where it is can be seen', async ({
  signedInPage: page,
  foretop,
}) => {
  await page.goto(`/hosts/${foretop.host.id}`);
  await expect(page.getByRole('grid', { name: 'Connections' }).getByRole('gridcell').first()).toBeVisible();
  const reached: string[] = [];
  const unseen: string[] = [];
  for (let turn = 0; turn < 60; turn++) {
    await page.keyboard.press('Tab');
    const focus = page.locator(':focus');
    if ((await focus.count()) === 0) break;
    const [name, outlined] = await focus.evaluate((element) => {
      // A search box shows its focus on the label around it.
      const shown = [element, element.closest('label') ?? element].some((each) => {
        const style = each.ownerDocument.defaultView!.getComputedStyle(each);
        return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
      });
      const label = element.getAttribute('aria-label') ?? element.textContent ?? '';
      return [label.trim().replace(/\s+/g, ' '), shown] as const;
    });
    if (name === reached[0]) break;
    reached.push(name);
    if (!outlined) unseen.push(name);
  }
  for (const wanted of ['Keys', 'Sign out', 'Connections', 'Search these']) {
    expect(
      reached.some((name) => name.startsWith(wanted)),
      `${wanted} in ${reached.join(' | ')}`,
    ).toBe(true);
  }
  expect(unseen).toEqual([]);
});

test('space pauses, L goes back to live', async ({ signedInPage: page, foretop }) => {
  await page.goto(`/hosts/${foretop.host.id}`);
  await expect(page.getByRole('contentinfo')).toContainText('Live');
  await page.keyboard.press('Space');
  await expect(page.getByRole('contentinfo')).toContainText('Paused');
  await page.keyboard.press('l');
  await expect(page.getByRole('contentinfo')).toContainText('Live');
});
