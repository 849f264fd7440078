// Findings as people work through them: found, understood, decided on by keys, muted by a rule, taken back.
import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { atOnce } from './at-once.ts';
import { complaintsOf, desk, expect } from './running-foretop.ts';
import { test } from './seeded-foretop.ts';
import { smallTargets } from './small-targets.ts';
import { cellsOf } from './tables.ts';

const grid = (page: Page) => page.getByRole('grid', { name: 'Findings' });
const rows = (page: Page) =>
  grid(page)
    .locator('[role="row"][aria-rowindex]')
    .filter({ has: page.getByRole('gridcell') });
const inspector = (page: Page) => page.getByRole('complementary', { name: 'Finding in full' });
const row = (page: Page, text: string) => rows(page).filter({ hasText: text });

test('the same thing on several hosts is one row; in full it says what, when, why and what to do', async ({
  seededPage: page,
}) => {
  await page.goto('/findings');
  const scan = row(page, '198.51.100.23 probed 1,000 ports');
  await expect(scan).toHaveCount(1);
  expect(await cellsOf(grid(page), scan)).toMatchObject({
    Severity: 'High',
    Type: 'Port scan',
    Host: expect.stringMatching(/ and 4 more$/),
    'Far end': '198.51.100.23',
    Count: '5,000',
    State: 'New',
  });
  await expect(rows(page).first()).toContainText('Critical');
  await scan.getByRole('gridcell').nth(2).click();
  const details = inspector(page);
  await expect(details).toContainText('T1046');
  await expect(details).toContainText('On 5 hosts');
  await expect(details.getByRole('row', { name: 'Ports probed' })).toContainText('20');
  await expect(details).toContainText(/Rose to high/);
  await expect(details).toContainText('Why this may be innocent');
  await expect(details.getByRole('heading', { name: 'What to do' })).toBeVisible();
  const behind = details.getByRole('link', { name: 'Show connections' });
  await expect(behind).toHaveAttribute('href', /address=198\.51\.100\.23.*from=.*to=/);
  await behind.click();
  await expect(page).toHaveURL(/\/connections\?host=/);
  await page.goBack();
  await expect(details).toContainText('probed 1,000 ports');
  await page.keyboard.press('Escape');
  await expect(details).toBeHidden();
});

test('places stand beside far ends', async ({ seededPage: page }) => {
  await page.goto('/findings?q=9.9.9.9');
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page).first()).toContainText('US');
  await rows(page).first().click();
  await expect(inspector(page)).toContainText(/Network\s*AS19281/);
});

test('triage by keys: down the list, acknowledge, select several, mute, and take it back', async ({
  seededPage: page,
}) => {
  await page.goto('/findings?detector=high-cpu&q=-worker kept');
  await expect(rows(page)).toHaveCount(3);
  await page.keyboard.press('j');
  await expect(inspector(page)).toContainText('of all cores busy');
  await page.keyboard.press('a');
  await expect(page.getByRole('group', { name: 'What was done' })).toContainText('Finding acknowledged');
  await expect(inspector(page).getByRole('button', { name: 'Make new again' })).toBeVisible();
  await expect(inspector(page)).toContainText(/Acknowledged by/);
  await page.keyboard.press('z');
  await expect(inspector(page).getByRole('button', { name: /^Acknowledge/ })).toBeVisible();

  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  const chosen = page.getByRole('group', { name: 'Findings that are selected' });
  await expect(chosen).toContainText('2 selected');
  await page.keyboard.press('m');
  await expect(page.getByRole('group', { name: 'What was done' })).toContainText('2 findings muted');
  await expect(rows(page)).toHaveCount(1);
  await expect(chosen).toBeHidden();
  await page
    .getByRole('group', { name: 'State' })
    .getByRole('button', { name: /^Muted 2/ })
    .click();
  await expect(rows(page)).toHaveCount(2);
  await page.keyboard.press('z');
  await expect(rows(page)).toHaveCount(0);
  await page.getByRole('group', { name: 'State' }).getByRole('button', { name: /^Open/ }).click();
  await expect(rows(page)).toHaveCount(3);
});

test('what is resolved leaves the list of what is open, and is found by its state', async ({ seededPage: page }) => {
  await page.goto('/findings?q=socat');
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press('j');
  await expect(inspector(page)).toContainText('socat listens');
  await page.keyboard.press('r');
  await expect(rows(page)).toHaveCount(0);
  await expect(page.getByText('No finding matches this filter.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(page)).toHaveCount(1);
});

test('filters stand in the address: severity, type, state, time, search; Back undoes one', async ({
  seededPage: page,
}) => {
  await page.goto('/findings');
  await expect(rows(page).first()).toBeVisible();
  await page
    .getByRole('group', { name: 'Severity' })
    .getByRole('button', { name: /^Critical/ })
    .click();
  await expect(page).toHaveURL(/severity=critical/);
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByRole('group', { name: 'Filters' })).toContainText('severity is critical');
  await page.goBack();
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  const form = page.getByRole('form', { name: 'Add a filter' });
  await form.getByRole('combobox', { name: 'Value' }).selectOption('temporary-path');
  await form.getByRole('button', { name: 'Add' }).click();
  await expect(page).toHaveURL(/detector=temporary-path/);
  // Beside the seeded one, that of a checkout in a temporary folder: what the agent sees there is true.
  const seeded = rows(page).filter({ hasText: 'gnp.exe' });
  await expect(rows(page).filter({ hasNotText: 'temporary or deleted' })).toHaveCount(0);
  await expect(seeded).toHaveCount(1);
  await page.getByRole('combobox', { name: 'Seen' }).selectOption('1h');
  await expect(page).toHaveURL(/since=1h/);
  await expect(seeded).toHaveCount(1);
  await page.goto('/findings?since=1h&detector=unusual-destination');
  await expect(page.getByText('No finding matches this filter.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('postgres sent');
  await expect(page).toHaveURL(/q=postgres/);
  await expect(rows(page)).toHaveCount(1);
});

test('what is chosen counts for what follows at once', async ({ seededPage: page }) => {
  await page.goto('/findings');
  await expect(rows(page).first()).toBeVisible();
  const severity = (nth: number) => ({ click: `[role="group"][aria-label="Severity"] button:nth-child(${nth})` });
  await atOnce(page, severity(1), severity(2));
  const filters = page.getByRole('group', { name: 'Filters' });
  for (const word of ['critical', 'high']) await expect(filters).toContainText(`severity is ${word}`);
  await atOnce(page, severity(4), 'Escape');
  await expect(filters).not.toContainText('severity');
  await expect(page).toHaveURL(/\/findings$/);

  await page.goto('/findings?detector=high-cpu&q=-worker kept');
  await expect(rows(page)).toHaveCount(3);
  await atOnce(page, 'j', 'x', 'j', 'x');
  await expect(page.getByRole('group', { name: 'Findings that are selected' })).toContainText('2 selected');
  await atOnce(page, 'Escape', 'Escape');
  await expect(page).not.toHaveURL(/selected=/);
  const acknowledged = page.getByRole('group', { name: 'State' }).getByRole('button', { name: /^Acknowledged/ });
  await expect(acknowledged).toHaveText(/\D0$/);
  await atOnce(page, 'j', 'a', 'j', 'a');
  await expect(acknowledged).toHaveText(/\D2$/);
  await page.keyboard.press('n');
  await page.keyboard.press('k');
  await page.keyboard.press('n');
  await expect(acknowledged).toHaveText(/\D0$/);
});

test('what was just done counts, though what is shown in full has not been read again', async ({
  seededPage: page,
}) => {
  await page.goto('/findings?q=socat');
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press('j');
  await expect(inspector(page).getByRole('button', { name: /^Acknowledge/ })).toBeVisible();
  const held = Promise.withResolvers<void>();
  await page.route(/\/findings\/[0-9a-f]{32}$/, async (route) => {
    if (route.request().method() === 'GET') await held.promise;
    await route.continue();
  });
  const said = page.getByRole('group', { name: 'What was done' });
  await page.keyboard.press('a');
  await expect(said).toContainText('Finding acknowledged');
  await page.keyboard.press('n');
  await expect(said).toContainText('Finding new again');
  held.resolve();
  await expect(inspector(page).getByRole('button', { name: /^Acknowledge/ })).toBeVisible();
});

test('a rule counts what it would mute before it is made, mutes the past, and gives it back when it goes', async ({
  seededPage: page,
}) => {
  await page.goto('/findings?q=probed 1,000');
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press('j');
  await expect(inspector(page)).toContainText('On 5 hosts');
  await page.keyboard.press('m');
  const dialog = page.getByRole('dialog', { name: 'Mute' });
  await expect(dialog.getByRole('status')).toContainText('Of what is stored it mutes 5 findings, 5 of them open.');
  await dialog.getByRole('textbox', { name: 'Far end' }).fill('192.0.2.0/24');
  await expect(dialog.getByRole('status')).not.toContainText('mutes 5');
  await dialog.getByRole('textbox', { name: 'Far end' }).fill('198.51.100.23');
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('our own scanner');
  await dialog.getByRole('button', { name: 'Add the rule' }).click();
  await expect(page.getByRole('group', { name: 'What was done' })).toContainText(/Rule \d+ mutes 5 findings/);
  await expect(rows(page)).toHaveCount(0);

  await page.goto('/settings/suppressions');
  const rule = page.getByRole('row').filter({ hasText: 'our own scanner' });
  await expect(rule).toContainText('Port scan');
  await expect(rule).toContainText('5');
  await rule.getByRole('button', { name: /^Delete/ }).click();
  await expect(rule).toBeHidden();
  await page.goto('/findings?q=probed 1,000');
  await expect(rows(page)).toHaveCount(1);
});

for (const [window, viewport] of [
  ['phone', { width: 390, height: 844 }],
  ['tablet', { width: 820, height: 1100 }],
] as const)
  test(`a finger hits all there is, and chooses without opening: ${window}`, async ({ browser, seeded }) => {
    const { signedIn: storageState, url: baseURL } = seeded.foretop;
    await using context = await browser.newContext({ viewport, hasTouch: true, isMobile: true, storageState, baseURL });
    const page = await context.newPage();
    await page.goto('/findings?severity=high');
    const box = rows(page).first().getByRole('checkbox');
    await expect(box).toBeVisible();
    expect(await smallTargets(page)).toEqual([]);
    // Beside the box, as fingers do.
    const { x, y, width, height } = (await box.boundingBox())!;
    await page.touchscreen.tap(x + width / 2 + 10, y + height / 2 + 10);
    await expect(box).toBeChecked();
    await expect(page.getByText('1 selected')).toBeVisible();
    await expect(inspector(page)).toHaveCount(0);
    expect(await smallTargets(page)).toEqual([]);
  });

test('text of hosts is text', async ({ seededPage: page }) => {
  await page.goto('/findings?detector=temporary-path');
  await rows(page).first().click();
  const details = inspector(page);
  for (const text of ['<img src=x onerror=alert(1)>', '<script>alert(2)</script>', '⟨202E⟩kworker', '<b>kworker</b>'])
    await expect(details).toContainText(text);
  expect(await page.locator('img[src="x"]').count()).toBe(0);
});

test('what the filter finds is saved as a file', async ({ seededPage: page }) => {
  await page.goto('/findings?severity=critical');
  await expect(rows(page)).toHaveCount(1);
  for (const [word, first] of [
    ['CSV', /^"?id"?,/],
    ['JSON lines', /^\{"id"/],
  ] as const) {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('button', { name: word }).click();
    const text = await readFile(await (await saved).path(), 'utf8');
    expect(text).toMatch(first);
    expect(text).toContain('every 60 seconds');
    expect(text.trim().split('\n').length).toBe(word === 'CSV' ? 2 : 1);
  }
});

test('the rail and the tiles of Fleet count what is new', async ({ seededPage: page }) => {
  await page.goto('/');
  await expect(page.getByRole('link', { name: /^Findings/ })).toContainText(/\d/);
  await expect(page.getByTitle(/new, the gravest critical/)).toBeVisible();
});

for (const [theme, viewport] of [
  ['dark', desk.viewport],
  ['light', desk.viewport],
  ['light', { width: 390, height: 844 }],
] as const)
  test(`axe finds nothing, and nothing is too wide: ${theme}, ${viewport.width} px`, async ({ browser, seeded }) => {
    const { signedIn: storageState, url: baseURL } = seeded.foretop;
    await using context = await browser.newContext({ ...desk, viewport, storageState, baseURL, colorScheme: theme });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    const check = async (what: string) => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.map(
        ({ id, nodes }) => `${what}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join('\n')}`,
      );
      expect(found).toEqual([]);
      expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0);
    };
    await page.goto('/findings');
    await expect(rows(page).first()).toBeVisible();
    await check('list');
    await rows(page).first().click();
    await expect(inspector(page)).toContainText('What to do');
    await check('in full');
    await inspector(page).getByRole('button', { name: /^Mute/ }).click();
    await expect(page.getByRole('dialog', { name: 'Mute' }).getByRole('status')).toContainText('Of what is stored');
    await check('mute');
    await page.goto('/map');
    await expect(page.getByRole('rowheader', { name: /Germany/ })).toBeVisible();
    await check('map');
    expect(complaints).toEqual([]);
  });
