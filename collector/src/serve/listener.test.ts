// The port: taken at once on both loopback addresses, 503 until the collector is ready, a clear word when it is in use.
import { createServer } from 'node:net';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { listen } from './listener.ts';

const log = pino({ level: 'silent' });

test('answers 503 before the collector is ready, then what it is given', async () => {
  await using listener = await listen(0, log);
  for (const host of ['127.0.0.1', '[::1]']) {
    const early = await fetch(`http://${host}:${listener.port}/healthz`);
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    await early.body?.cancel();
  }
  listener.serve({
    request: (_request, response) => void response.end('ready'),
    upgrade: (_request, socket) => socket.destroy(),
  });
  expect(await (await fetch(`http://localhost:${listener.port}/`)).text()).toBe('ready');
});

// Only Linux answers on all of 127.0.0.0/8 without being told.
test.runIf(process.platform === 'linux')('another address is listened on only if asked for', async () => {
  const reaches = (port: number) =>
    fetch(`http://127.0.0.2:${port}/healthz`).then(
      ({ status }) => status,
      () => undefined,
    );
  {
    await using listener = await listen(0, log);
    expect(await reaches(listener.port)).toBeUndefined();
  }
  for (const address of ['127.0.0.2', '0.0.0.0', '::']) {
    await using listener = await listen(0, log, address);
    expect(await reaches(listener.port)).toBe(503);
    expect((await fetch(`http://127.0.0.1:${listener.port}/healthz`)).status).toBe(503);
  }
});

test.each(['127.0.0.1', '::1'])('a port in use on %s is named, with what to do', async (address) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, address, resolve));
  const { port } = other.address() as { port: number };
  const failure = listen(port, log);
  await expect(failure).rejects.toMatchObject({ code: 'port-in-use' });
  await expect(failure).rejects.toThrow(new RegExp(`Port ${port} on ${address} is in use.*--port or FORETOP_PORT`));
  other.close();
});

test('stopping waits for the request in flight', async () => {
  await using listener = await listen(0, log);
  const { promise: asked, resolve: arrived } = Promise.withResolvers<void>();
  listener.serve({
    request: (_request, response) => {
      arrived();
      setTimeout(() => response.end('done'), 200);
    },
    upgrade: (_request, socket) => socket.destroy(),
  });
  const answer = fetch(`http://127.0.0.1:${listener.port}/`);
  await asked;
  await listener.stop();
  expect(await (await answer).text()).toBe('done');
  await expect(fetch(`http://127.0.0.1:${listener.port}/`)).rejects.toThrow('fetch failed');
});
