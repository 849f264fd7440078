// From an event in the kernel to the pixel: connections are opened on this host, whose page is open in a browser.
//
//   npm run bench:latency -w lab -- --samples 100       (needs a built web; about two minutes)
//
// Agent, collector and browser are real and on this machine, so that one clock times both ends; all of them share its cores.
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { chromiumOptions } from '../harness/chromium.ts';
import { startLab } from '../harness/lab.ts';
import { eventToPixel } from './browser/event-to-pixel.ts';
import { quantile } from './browser/main-thread.ts';
import { desk } from './browser/stage.ts';

const { values } = parseArgs({ options: { samples: { type: 'string', default: '100' } } });

await using lab = await startLab('latency');
await using stack = new AsyncDisposableStack();
const browser = stack.adopt(await chromium.launch(chromiumOptions), (open) => open.close());
const page = await (await browser.newContext({ viewport: desk })).newPage();
await page.goto(lab.collector.loginLink);
await page.getByRole('heading', { name: 'Fleet' }).waitFor();
const { delaysMs, clockErrorMs } = await eventToPixel(
  page,
  `${lab.collector.url}/hosts/${lab.host.id}`,
  Number(values.samples),
);
const ms = (value: number) => `${Math.round(value)} ms`;
console.log('| What | Median | p95 | Most | Target, p95 |\n|---|---|---|---|---|');
console.log(
  `| Event in the kernel to pixel, watched host, ${delaysMs.length} connections | ${[0.5, 0.95, 1]
    .map((share) => ms(quantile(delaysMs, share)))
    .join(' | ')} | 400 ms |`,
);
console.log(`The two clocks agree to ${clockErrorMs.toFixed(1)} ms.`);
