// How long it takes from an attack to the screen: a real agent, the collector, and a page of findings that somebody has open.
import type { Page } from '@playwright/test';
import { namespacesMissing } from '../harness/network-namespace.ts';
import { attacker, type Attacker, dnsTunnel, startAttacker } from './attacks.ts';
import { startFarHost } from './far-host.ts';
import { expect, test } from './running-foretop.ts';

/** From the 20th port or the 50th query. */
const mostMs = 10_000;

const shownAt = async (page: Page, text: RegExp): Promise<number> => {
  const row = page.getByRole('grid', { name: 'Findings' }).getByRole('row').filter({ hasText: text });
  await row.first().waitFor({ timeout: 40_000 });
  return Date.now();
};

test('scans and a DNS tunnel stand on the open page within ten seconds', async ({
  signedInPage: page,
  foretop,
}, info) => {
  const missing = process.platform === 'linux' ? namespacesMissing() : 'network namespaces are of Linux';
  if (missing) console.log(`Left out: ${missing}`);
  info.skip(missing !== undefined, missing);
  await using stack = new AsyncDisposableStack();
  let from!: Attacker;
  const victim = stack.use(
    await startFarHost(foretop.collector, 'victim', { allow: 'observe', signer: 'browser' }, async (namespace) => {
      from = stack.use(await startAttacker(namespace!));
    }),
  );
  await page.goto('/findings');
  await expect(page.getByRole('heading', { name: 'Findings' })).toBeVisible();

  const measured: [what: string, ms: number][] = [];
  const measure = async (what: string, text: RegExp, attack: () => Promise<number>) => {
    const shown = shownAt(page, text);
    const startedMs = await attack();
    measured.push([what, (await shown) - startedMs]);
  };
  const scanBy = (address: string) => new RegExp(`${address.replaceAll('.', '\\.')} probed`);
  await measure('connect scan', scanBy(attacker.address), () => from.connectScan(40));
  await measure('SYN scan', scanBy(attacker.second), () => from.synScan(1_000));
  await measure('DNS tunnel', /encoded names below example\.net/, async () => {
    const [, at] = await victim.start(dnsTunnel).waitFor(/^at (\d+)$/m);
    return Number(at);
  });
  for (const [what, ms] of measured) console.log(`${what}: on the screen after ${(ms / 1_000).toFixed(1)} s`);
  for (const [what, ms] of measured) expect([what, ms < mostMs, ms > 0]).toEqual([what, true, true]);
});
