// The owner key is taken away from the collector: a grant then waits for a roster that is saved from the page, signed elsewhere, and uploaded.
import { writeFile } from 'node:fs/promises';
import { run } from '../harness/child.ts';
import { collectorMain, temporaryFolder } from '../harness/foretop.ts';
import { registerKey } from './administrator.ts';
import { expect } from './running-foretop.ts';
import { askToTerminate, openProcess, test } from './terminate-steps.ts';

test.use({ stage: 'owner offline' });

test('hosts believe what the owner signed elsewhere, and nothing before', async ({ page, all }) => {
  await using folder = await temporaryFolder('owner');
  const at = (name: string) => `${folder.path}/${name}`;
  await writeFile(at('phrase'), 'a phrase that is long enough\n', { mode: 0o600 });
  const phrase = ['--passphrase-file', at('phrase')];
  const owner = (args: string[], input?: string) =>
    run([collectorMain, 'owner', ...args], input === undefined ? {} : { input });
  const { dataDir } = all.foretop.collector;
  await owner(['offline', '--out', at('owner-key.json'), ...phrase, '--data', dataDir]);

  await page.goto('/settings/keys');
  await expect(page.getByText('It is not with the collector')).toBeVisible();
  await registerKey(page, 'This browser', 'waiting laptop', 'granted, not in the roster yet');
  await page.reload();
  await expect(page.getByText('A roster waits for the owner’s signature')).toBeVisible();
  const victim = all.lab.start(`console.log('ready'); setInterval(() => {}, 1000);`);
  await victim.waitFor(/^ready$/m);
  await openProcess(page, all.lab, victim.pid);
  const early = await askToTerminate(page);
  await expect(early).toContainText('The roster names no key of yours of this kind');
  await early.getByRole('textbox').fill(`far-lab ${victim.pid}`);
  await expect(early.getByRole('button', { name: 'Sign and send' })).toBeDisabled();
  expect(victim.running).toBe(true);

  await page.goto('/settings/keys');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the unsigned roster' }).click(),
  ]);
  await download.saveAs(at('roster.json'));
  await owner(
    ['sign', '--roster', at('roster.json'), '--key', at('owner-key.json'), ...phrase, '--out', at('signed.txt')],
    '1\n',
  );
  await page.getByLabel('Signed roster').setInputFiles(at('signed.txt'));
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByText('Nothing waits to be signed.')).toBeVisible();

  await openProcess(page, all.lab, victim.pid);
  const dialog = await askToTerminate(page);
  await dialog.getByRole('textbox').fill(`far-lab ${victim.pid}`);
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('It is gone')).toBeVisible({ timeout: 30_000 });
  await victim.exited();
});
