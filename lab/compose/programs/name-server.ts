// The lab's name server: answers for its own zone, over UDP.
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { readQuestion, writeAnswer } from '../dns-message.ts';
import { ports } from '../hosts.ts';

const zone = new Set(['shop.lab', 'www.lab', 'images.lab', 'mail.lab', 'updates.lab']);
const ttlS = 30;

const socket = createSocket('udp4');
socket.on('message', (message, { address, port }) => {
  const question = readQuestion(message);
  if (question === undefined) return;
  void addressOf(question.name).then((found) => socket.send(writeAnswer(question, found, ttlS), port, address));
});
socket.on('error', (error) => console.log(`name-server: ${error.message}`));
socket.bind(ports.dns);

/** Every name of the zone is the web server. */
async function addressOf(name: string): Promise<string | undefined> {
  if (!zone.has(name)) return undefined;
  return lookup('web-1', 4).then(
    ({ address }) => address,
    () => undefined,
  );
}
