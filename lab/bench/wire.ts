// Bytes that the agent of this very host sends: when nobody watches, and when a browser shows the host with everything at 10 Hz.
//
//   npm run bench:wire -w lab        (needs ss from iproute2; about 3 minutes)
//
// Counted by the kernel: bytes_sent of the agent's connection, payload of TCP, WebSocket framing included.
import { execFileSync } from 'node:child_process';
import { LiveSection, ViewerFrame } from '@foretop/proto/live';
import { WebSocket } from 'ws';
import { createApiToken } from '../harness/foretop.ts';
import { startLab } from '../harness/lab.ts';

const windowSeconds = 60;

await using lab = await startLab('wire');
await sleep(20_000); // past the first look at everything
const alone = await rate();

const token = await createApiToken(lab.dataDir, 'viewer');
const viewer = new WebSocket(`ws://localhost:${lab.collector.port}/live`, ['foretop.live.v1'], {
  headers: { authorization: `Bearer ${token}` },
});
await new Promise((resolve, reject) => viewer.once('open', resolve).once('error', reject));
let viewed = 0;
viewer.on('message', (data: Buffer) => (viewed += data.length));
const sections = [
  LiveSection.LIVE_SECTION_BANDWIDTH,
  LiveSection.LIVE_SECTION_CONNECTIONS,
  LiveSection.LIVE_SECTION_PROCESSES,
  LiveSection.LIVE_SECTION_INTERFACES,
];
viewer.send(ViewerFrame.encode({ hostId: lab.host.id, sections, rateHz: 10 }).finish());
await sleep(10_000);
viewed = 0;
const watched = await rate();
viewer.close();

console.log('| | agent to collector, B/s | collector to browser, B/s |');
console.log('|---|---|---|');
console.log(`| nobody watches | ${Math.round(alone)} | 0 |`);
console.log(`| one browser shows the host | ${Math.round(watched)} | ${Math.round(viewed / windowSeconds)} |`);

async function rate(): Promise<number> {
  const before = bytesSent();
  await sleep(windowSeconds * 1000);
  return (bytesSent() - before) / windowSeconds;
}

function bytesSent(): number {
  const text = execFileSync('ss', ['-tinpH', 'state', 'established', `( dport = :${lab.collector.port} )`], {
    encoding: 'utf8',
  });
  const own = text.split(/\n(?=\S)/).find((socket) => socket.includes(`pid=${lab.agent.pid},`));
  const match = /bytes_sent:(\d+)/.exec(own ?? '');
  if (!match) throw new Error(`the agent's connection is not in:\n${text}`);
  return Number(match[1]);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
