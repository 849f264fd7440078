// The dashboard in a real browser: what pages cost the renderer's main thread, how fast they come, how late they are.
//
//   npm run bench:browser -w lab -- --minutes 10        (needs a built web; about 8 minutes and those given)
//   --only fleet,connections,views                      for some of it
//
// CPU is that of the renderer's main thread by the kernel's count, so that other programs do not add to it. Times by the clock
// (first paint, frame intervals) are those of the machine as it is.
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../harness/foretop.ts';
import { firstView } from './browser/first-view.ts';
import { clickHead, rowCount, typeSearch, watchLongTasks } from './browser/in-page.ts';
import { costOf, cpuMsASecond, mainThreadOf, quantile } from './browser/main-thread.ts';
import { scrollCost } from './browser/scroll.ts';
import { startStage } from './browser/stage.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, only: { type: 'string' } } });
const wanted = (part: string) => (values.only ?? 'fleet,connections,views').split(',').includes(part);

const acts = 15;
const connectionsWanted = 100_000;
const lines: string[] = [];
const say = (what: string, measured: string, target: string) => {
  lines.push(`| ${what} | ${measured} | ${target} |`);
  console.error(`${what}: ${measured} (target ${target})`);
};
const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

if (wanted('fleet')) await fleet(Number(values.minutes));
if (wanted('views')) await views();
if (wanted('connections')) await connections();
console.log('| What | Measured | Target |\n|---|---|---|');
console.log(lines.join('\n'));

async function fleet(minutes: number): Promise<void> {
  await using stage = await startStage(1000, 1);
  const page = await stage.open('/');
  await page.getByRole('region', { name: 'Hosts' }).getByRole('link').first().waitFor();
  await sleep(20_000);
  const thread = await mainThreadOf(stage.browser, page);
  const longTasks = await watchLongTasks(page);
  const heaps = [await thread.heapBytes()];
  const costs: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    costs.push(await cpuMsASecond(thread, 60));
    heaps.push(await thread.heapBytes());
  }
  say(`Fleet of 1,000 hosts at 1 Hz over ${minutes} min, CPU a second`, ms(quantile(costs, 0.5)), '40 ms');
  say('… long tasks', String(await longTasks()), '0');
  say('… heap, first and last minute', heaps.length > 1 ? `${mb(heaps[1]!)} · ${mb(heaps.at(-1)!)}` : '–', 'flat');
}

async function views(): Promise<void> {
  await using quiet = await startStage(5, 1);
  for (const [name, path] of [
    ['Fleet', '/'],
    ['Connections', '/connections'],
    ['Host', '/hosts/1'],
  ] as const) {
    const { scriptGzipBytes, firstPaintMs } = await firstView(quiet.browser, quiet.storageState, quiet.url + path);
    say(`First view of ${name}: JavaScript gzip`, `${(scriptGzipBytes / 1000).toFixed(1)} kB`, '90 kB');
    say(`First view of ${name}: first contentful paint`, ms(firstPaintMs), '600 ms');
  }
}

async function connections(): Promise<void> {
  // So many hosts answer for the present out of their own tables.
  await using stage = await startStage(20, connectionsWanted / 20 / 200);
  const page = await stage.open('/connections');
  await page.getByRole('gridcell').first().waitFor();
  await page.getByRole('button', { name: 'Load all' }).click();
  const rows = await eventually(
    'all connections to be loaded',
    async () => {
      const loaded = await rowCount(page);
      return loaded > connectionsWanted * 0.85 ? loaded : undefined;
    },
    300_000,
  );
  const thread = await mainThreadOf(stage.browser, page);
  await sleep(5_000);
  const head = (name: string) => () => clickHead(page, name);
  const sorts: number[] = [];
  const names = ['Remote', 'Process', 'Transmit', 'Duration', 'Host'];
  for (let i = 0; i < acts; i++) sorts.push(await costOf(thread, head(names[i % names.length]!)));
  say(
    `${rows.toLocaleString('en')} connections: sort`,
    `${ms(quantile(sorts, 0.5))}, most ${ms(Math.max(...sorts))}`,
    '60 ms',
  );
  const filters: number[] = [];
  for (let i = 0; i < acts; i++)
    filters.push(await costOf(thread, () => typeSearch(page, ['443', '10.', 'n', ''][i % 4]!)));
  await typeSearch(page, '');
  say('… filter', `${ms(quantile(filters, 0.5))}, most ${ms(Math.max(...filters))}`, '60 ms');
  await head('Receive')();
  await sleep(1_000);
  say('… updates at 1 Hz while sorted, CPU a second', ms(await cpuMsASecond(thread, 30)), '60 ms');
  const scroll = await scrollCost(page, thread);
  say('… scroll: CPU a frame p95 · frame interval p95', `${ms(scroll.cpuP95Ms)} · ${ms(scroll.frameP95Ms)}`, '20 ms');
  say('… heap', mb(await thread.heapBytes()), '–');
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
