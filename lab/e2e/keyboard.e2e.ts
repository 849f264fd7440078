// The whole way without a pointer: fleet, host, connection, its process, and back.
import { setTimeout as sleep } from 'node:timers/promises';
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
  await expect(grid.getByRole('row').filter({ hasText: held.ends })).toHaveCount(2);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('textbox', { name: 'Search these' })).not.toBeFocused();
  await page.keyboard.press('j');
  const details = page.getByRole('complementary', { name: 'Connection in full' });
  await expect(details).toContainText(held.client);
  await page.keyboard.press('f');
  await expect(page.getByRole('group', { name: 'Filters' })).toContainText(held.process);
  await page.keyboard.press('Escape');
  await expect(details).toBeHidden();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('group', { name: 'Filters' })).not.toContainText(held.process);

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

test('what is typed before the palette has come is not lost, and means nothing else', async ({
  signedInPage: page,
  foretop,
}) => {
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'Hosts' }).getByText('Live')).toBeVisible();
  await page.route('**/_app/**', async (route) => {
    await sleep(1_000);
    await route.continue();
  });
  await page.keyboard.press('Control+k');
  await page.keyboard.type(foretop.host.name);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/hosts/${foretop.host.id}$`));
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
    const found = await page.locator(':focus').evaluateAll(([element]) => {
      if (!element) return undefined;
      // A search box shows its focus on the label around it.
      const shown = [element, element.closest('label') ?? element].some((each) => {
        const style = each.ownerDocument.defaultView!.getComputedStyle(each);
        return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
      });
      const label = element.getAttribute('aria-label') ?? element.textContent ?? '';
      return [label.trim().replace(/\s+/g, ' '), shown] as const;
    });
    if (!found) break;
    const [name, outlined] = found;
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

test('the palette takes prefixes: a host, a process, an address, a time', async ({ signedInPage: page, foretop }) => {
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'Hosts' }).getByText('Live')).toBeVisible();
  const find = async (text: string) => {
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog', { name: 'Find or do' })).toBeVisible();
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
  };
  await find('addr: 127.0.0.0/8');
  await expect(page).toHaveURL(/\/connections\?address=127\.0\.0\.0%2F8/);
  await find('process: no-such-process');
  await expect(page).toHaveURL(/process=no-such-process/);
  await find('at 2 h');
  await expect(page.getByRole('status').getByText(/^As of/)).toBeVisible();
  await page.keyboard.press('l');
  await expect(page.getByRole('status').getByText(/^As of/)).toBeHidden();
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await expect(page.getByRole('combobox')).toHaveValue('host: ');
  await page.keyboard.type(foretop.host.name);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: foretop.host.name })).toBeVisible();
});

test('brackets make a span, comma and full stop step, the wheel zooms', async ({ signedInPage: page }) => {
  await page.goto('/?range=1h');
  const range = page.getByRole('group', { name: 'Range of the track' });
  await expect(range.getByRole('button', { name: '1 h' })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press(',');
  await expect(page).toHaveURL(/at=/);
  const first = new URL(page.url()).searchParams.get('at');
  await page.keyboard.press(']'); // nothing has begun
  await page.keyboard.press('[');
  await expect(page.getByText(/^Span from/)).toBeVisible();
  await page.keyboard.press(',');
  await expect(page).not.toHaveURL(new RegExp(encodeURIComponent(first!)));
  const second = new URL(page.url()).searchParams.get('at');
  await page.keyboard.press(']');
  await expect(page).toHaveURL(/from=.*to=/);
  const span = new URL(page.url()).searchParams;
  expect([span.get('from'), span.get('to')]).toEqual([second, first]);
  await page.getByRole('slider', { name: 'Time' }).hover();
  await page.mouse.wheel(0, 120);
  await expect(range.getByRole('button', { name: '6 h' })).toHaveAttribute('aria-pressed', 'true');
  await page.mouse.wheel(0, -120);
  await expect(range.getByRole('button', { name: '1 h' })).toHaveAttribute('aria-pressed', 'true');
});
