// A tool's end, whatever it meets: its limit, a stop, a fault, and what is no request.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { openGuard } from './guard/guard.ts';
import { parseToolRequest, prepareTool } from './run-tool.ts';
import { look } from './test-run.ts';

afterEach(() => vi.useRealTimers());

/** Takes connections and says nothing; resolves `asked` at the first byte. */
async function silentServer(): Promise<{ url: string; asked: Promise<unknown> }> {
  const { promise: asked, resolve } = Promise.withResolvers<unknown>();
  const server = createServer((socket) => void socket.on('error', () => undefined).once('data', resolve));
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked };
}

test('ends at its limit, and says so', async () => {
  const { url, asked } = await silentServer();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const looking = look('http', { url, method: 'GET', followRedirects: false });
  await asked;
  vi.advanceTimersByTime(60_000);
  const { events, ended } = await looking;
  expect(ended).toEqual({ kind: 'ended', outcome: 'limit', detail: 'ended at its limit of 60 s', summary: {} });
  expect(events.map(({ kind }) => kind)).toEqual(['resolved', 'ended']);
});

test('ends when it is stopped, before it began too', async () => {
  const { url } = await silentServer();
  const signal = AbortSignal.abort(new Error('nobody looks'));
  const { events } = await look('http', { url, method: 'GET', followRedirects: false }, { signal });
  expect(events).toEqual([{ kind: 'ended', outcome: 'cancelled', detail: 'nobody looks', summary: {} }]);
});

test('fails with words when nobody is there', async () => {
  const at = { target: '127.0.0.1', port: 1, serverName: '', startTls: 'none' } as const;
  const { ended } = await look('certificate', at);
  expect(ended).toMatchObject({ outcome: 'failed', detail: 'no connection: ECONNREFUSED' });
});

test('a request that is none is refused as malformed, a target without an address as such', async () => {
  expect(() => parseToolRequest('ping', '{}')).toThrow(expect.objectContaining({ code: 'malformed' }));
  const guard = openGuard({ networks: () => [] });
  const request = parseToolRequest(
    'certificate',
    '{"target":"no.invalid","port":443,"serverName":"","startTls":"none"}',
  );
  await expect(prepareTool(request, guard)).rejects.toMatchObject({ code: 'no-such-target' });
});
