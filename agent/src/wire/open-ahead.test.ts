// A connection that is there before its session: nothing that came over it is lost, and nothing is left behind.
import { expect, it } from 'vitest';
import { agent, collector, until } from '../../test/wire-agent.ts';
import { openDirectSocket } from './direct-socket.ts';
import { openAhead } from './open-ahead.ts';
import { socketRequest } from './session.ts';

it('serves the first session with what came before it, and opens further ones', async () => {
  const fake = await collector();
  using ahead = openAhead(openDirectSocket, socketRequest(`${fake.url.replace('http', 'ws')}/agent`));
  await until(() => fake.connections.length === 1);
  await new Promise((done) => setTimeout(done, 50));
  const { connector } = await agent(fake, { openSocket: ahead.open });
  await until(() => connector.lanes());
  expect(fake.connections).toHaveLength(1);
  fake.connections[0]!.drop();
  await until(() => fake.connections.length === 2 && connector.lanes());
});

it('that failed before is tried again', async () => {
  const fake = await collector();
  using ahead = openAhead(openDirectSocket, socketRequest('ws://127.0.0.1:9/agent'));
  await new Promise((done) => setTimeout(done, 50));
  const { connector, logs } = await agent(fake, { openSocket: ahead.open });
  await until(() => connector.lanes());
  expect(logs.join()).toContain('ECONNREFUSED');
});

it('that nobody takes is ended', async () => {
  const fake = await collector();
  {
    using _ = openAhead(openDirectSocket, socketRequest(`${fake.url.replace('http', 'ws')}/agent`));
    await until(() => fake.connections.length === 1);
  }
  await until(() => fake.gone === 1);
});
