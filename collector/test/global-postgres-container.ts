// Starts a Postgres container that a run of *.pg.test.ts files shares, with a superuser and an application's role as the embedded server has them.
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import pg from 'pg';
import type { TestProject } from 'vitest/node';

const image = 'postgres:17';
const role = 'foretop_test';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // What is in it lives as long as the tests: nothing needs to reach a disk.
  const container = await new PostgreSqlContainer(image)
    .withUsername('postgres')
    .withTmpFs({ '/var/lib/postgresql/data': 'rw' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
    .start();
  const admin = {
    host: container.getHost(),
    port: container.getPort(),
    user: container.getUsername(),
    password: container.getPassword(),
    database: container.getDatabase(),
  };
  const application = new URL(container.getConnectionUri());
  application.username = role;
  application.password = role;
  const client = new pg.Client(admin);
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('show server_version');
  await client.query(`create role ${role} login password '${role}'`);
  await client.end();
  console.log(`Postgres ${rows[0]!.server_version} in a container`);
  project.provide('postgres', { admin, application: { connectionString: application.href } });
  return async () => void (await container.stop());
}
