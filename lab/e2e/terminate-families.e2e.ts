// Ending a process that is not alone: with its children, and against the will of whoever keeps it.
import { existsSync } from 'node:fs';
import { registerKey } from './administrator.ts';
import { expect } from './running-foretop.ts';
import { askToTerminate, openProcess, test } from './terminate-steps.ts';

test.use({ stage: 'families' });

test('a process with its children: each is named before, and none is left', async ({ page, all }) => {
  await registerKey(page, 'This browser', 'pruning laptop');
  const parent = all.lab.start(`
    const { spawn } = require('node:child_process');
    const children = [1, 2].map(() => spawn('sleep', ['1000'], { stdio: 'ignore' }).pid);
    console.log('children ' + children.join(' '));
    setInterval(() => {}, 1000);`);
  const [, ...said] = await parent.waitFor(/^children (\d+) (\d+)$/m);
  const children = said.map(Number);
  await openProcess(page, all.lab, parent.pid);
  const dialog = await askToTerminate(page);
  await expect(dialog).toContainText('2 child processes');
  await dialog.getByRole('checkbox', { name: 'End its descendants too' }).check();
  await expect(dialog).toContainText('And these 2, which descend from it');
  for (const pid of children) await expect(dialog).toContainText(`${pid}`);
  await dialog.getByRole('textbox').fill(`far-lab ${parent.pid}`);
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('It is gone')).toBeVisible({ timeout: 30_000 });
  await parent.exited();
  for (const pid of children) expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
});

test('a process that its keeper starts again: the new one is named', async ({ page, all }) => {
  await registerKey(page, 'This browser', 'patient laptop');
  const keeper = all.lab.start(`
    const { spawn } = require('node:child_process');
    const keep = () => {
      const child = spawn('sleep', ['1000'], { stdio: 'ignore' }).on('exit', keep);
      console.log('kept ' + child.pid);
    };
    keep();`);
  const [, first] = await keeper.waitFor(/^kept (\d+)$/m);
  await openProcess(page, all.lab, Number(first));
  const dialog = await askToTerminate(page);
  await dialog.getByRole('textbox').fill(`far-lab ${first}`);
  await page.keyboard.press('Enter');
  await expect(dialog.getByText(/started it again/)).toBeVisible({ timeout: 60_000 });
  const again = keeper.output
    .match(/^kept (\d+)$/gm)!
    .at(-1)!
    .slice('kept '.length);
  expect(again).not.toBe(first);
  await expect(dialog).toContainText(again);
});
