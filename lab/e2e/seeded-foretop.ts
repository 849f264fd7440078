// A Foretop with a small simulated fleet, findings and traffic with the world: what the pages of detection are tested on.
import type { Browser, Page } from '@playwright/test';
import { startCollector } from '../harness/foretop.ts';
import { complaintsOf, desk, expect, type RunningForetop, test as base } from './running-foretop.ts';
import { seedFindings, someFindings } from './seeded-findings.ts';
import { seedTraffic } from './seeded-traffic.ts';
import { startSimulatedFleet } from './simulated-fleet.ts';

export interface SeededForetop {
  foretop: RunningForetop;
  /** Ids of all its hosts, the simulated ones first. */
  hosts: number[];
}

const simulatedHosts = 7;

async function startSeeded(browser: Browser, use: (seeded: SeededForetop) => Promise<void>): Promise<void> {
  await using fleet = await startSimulatedFleet(browser, simulatedHosts, 120);
  const { collector, host } = fleet.foretop;
  const hosts = [...fleet.hosts.map(({ id }) => id), host.id];
  await seedFindings(collector.dataDir, someFindings(hosts));
  await seedTraffic(collector.dataDir, hosts.slice(0, 4));
  // What it counts in memory it reads when it starts.
  await collector.child.kill();
  await using _ = await startCollector(collector.dataDir, collector.port);
  await use({ foretop: fleet.foretop, hosts });
}

/** `seededPage` is signed in by a login link, so as an administrator, and must not complain. */
export const test = base.extend<{ seededPage: Page }, { seeded: SeededForetop }>({
  seeded: [({ browser }, use) => startSeeded(browser, use), { scope: 'worker', timeout: 240_000 }],
  seededPage: async ({ browser, seeded }, use) => {
    const { signedIn: storageState, url: baseURL } = seeded.foretop;
    const context = await browser.newContext({ ...desk, storageState, baseURL });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await use(page);
    await context.close();
    expect(complaints, 'what the page complained about').toEqual([]);
  },
});
