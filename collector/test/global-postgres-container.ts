// Starts a Postgres container that a run of *.pg.test.ts files shares, with a superuser and an application's role as the embedded server has them.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { GenericContainer, Wait } from 'testcontainers';
import type { TestProject } from 'vitest/node';
import { createTemplate } from './databases.ts';

const image = 'postgres:17';
const port = 5432;
const startTimeoutMs = 120_000;
const role = 'foretop_test';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const password = randomBytes(16).toString('hex');
  // What is in it lives as long as the tests: nothing needs to reach a disk.
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withTmpFs({ '/var/lib/postgresql/data': 'rw' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2)) // the first serves its own setup
    .withStartupTimeout(startTimeoutMs)
    .start();
  const stop = async () => void (await container.stop());
  try {
    const server = { host: container.getHost(), port: container.getMappedPort(port), database: 'postgres' };
    const admin = { ...server, user: 'postgres', password };
    const client = new pg.Client(admin);
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    await client.query(`create role ${role} login password '${role}'`);
    await client.end();
    console.log(`Postgres ${rows[0]!.server_version} in a container`);
    const application = new URL(`postgres://${server.host}:${server.port}/${server.database}`);
    application.username = role;
    application.password = role;
    const postgres = { admin, application: { connectionString: application.href } };
    const { name: template } = await createTemplate(postgres);
    project.provide('postgres', { ...postgres, template });
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}
