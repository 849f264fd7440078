// A program that reports home each minute, a little off the beat, over TLS, and says under which name.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { ports } from '../hosts.ts';
import { preSharedKey } from '../pre-shared-key.ts';

const everyMs = 60_000;
const jitter = 0.05;
const retryMs = 5_000;

for (;;) {
  const heard = await report().catch((error: unknown) => console.log(`beacon: ${String(error)}`));
  await sleep(heard ? everyMs * (1 + jitter * (2 * Math.random() - 1)) : retryMs);
}

/** true = it was heard. */
function report(): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const options = { host: 'web-1', port: ports.beacon, servername: 'updates.lab', ALPNProtocols: ['http/1.1'] };
  const socket = connect({ ...options, ...preSharedKey.client }, () => socket.write('{"state":"well"}\n'));
  socket
    .on('error', reject)
    .on('close', () => resolve(true))
    .resume();
  return promise;
}
