// People at their desks: look names up, read pages over connections that stay open, and now and then load a large picture.
import { lookup, Resolver } from 'node:dns/promises';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '../hosts.ts';

const people = 4;
const thinkMs = 1_500;
const pictureEvery = 6;
const names = ['shop.lab', 'www.lab', 'images.lab', 'mail.lab', 'no-such-name.lab'];

for (let person = 0; person < people; person++) void browse();

async function browse(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 30_000 });
  for (let page = 1; ; page++) {
    await sleep(thinkMs * (0.5 + Math.random()));
    try {
      await lookUp(names[Math.floor(Math.random() * names.length)]!);
      await read(page % pictureEvery === 0 ? '/picture' : '/', agent);
    } catch (error) {
      // The other hosts may be starting, or gone for a while.
      if (page % 20 === 1) console.log(`browser: ${String(error)}`);
    }
  }
}

async function lookUp(name: string): Promise<void> {
  const { address } = await lookup('db-1', 4);
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`${address}:${ports.dns}`]);
  await resolver.resolve4(name).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTFOUND') throw error;
  });
}

function read(path: string, agent: Agent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  get({ host: 'web-1', port: ports.web, path, agent }, (response) => response.resume().on('close', resolve)).on(
    'error',
    reject,
  );
  return promise;
}
