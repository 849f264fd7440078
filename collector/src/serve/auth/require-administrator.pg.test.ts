// A collector that is reached from elsewhere starts with an administrator, or says how to make one.
import { tmpdir } from 'node:os';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { goodPassword } from '../../../test/people.ts';
import { testDatabase } from '../../../test/postgres.ts';
import { accountCreate, accountPassword } from '../../cli/accounts.ts';
import { startCollector } from '../../collector.ts';
import { parseConfig } from '../../config/config.ts';
import { readEnvironment } from '../../config/environment.ts';
import { openStore } from '../../store/database.ts';

const log = pino({ level: 'silent' });

test('refused without, said how, and started with one that the command line made', async () => {
  await using database = await testDatabase();
  const environment = (more: Record<string, string>) =>
    readEnvironment({ FORETOP_DATA: tmpdir(), DATABASE_URL: database.url, FORETOP_PORT: '1', ...more });
  // On loopback in truth: what is tested is what the configuration says of it.
  const config = {
    ...parseConfig(
      environment({
        FORETOP_LISTEN: '192.0.2.1',
        FORETOP_PUBLIC_URL: 'https://f.example',
        FORETOP_TRUSTED_PROXY: '192.0.2.2',
      }),
      {},
      false,
    ),
    listen: '127.0.0.2',
    port: 0,
  };
  expect(config.needsAdministrator).toBe(true);
  const start = () => startCollector(config, { log, signal: new AbortController().signal, progress: () => undefined });
  await expect(start()).rejects.toMatchObject({
    code: 'no-administrator',
    message: expect.stringMatching(/foretop account create NAME --role admin/) as string,
  });

  await using store = await openStore({ dataDir: tmpdir(), databaseUrl: database.url, role: 'command', log });
  const said: string[] = [];
  const output = { result: (text: string) => said.push(text), note: (text: string) => said.push(text) };
  const ann = { name: 'ann', hostLabels: null, password: goodPassword };
  await accountCreate({ ...ann, role: 'viewer' })(store, output);
  await expect(start()).rejects.toMatchObject({ code: 'no-administrator' });
  await expect(accountCreate({ ...ann, role: 'admin' })(store, output)).rejects.toThrow(
    'There is an account of this name',
  );
  await expect(
    accountCreate({ ...ann, name: 'bea', role: 'admin', hostLabels: ['prod'] })(store, output),
  ).rejects.toThrow('sees every host');
  await expect(accountCreate({ ...ann, name: 'bea', role: 'admin', password: 'short' })(store, output)).rejects.toThrow(
    'at least 15',
  );
  await accountCreate({ ...ann, name: 'bea', role: 'admin' })(store, output);
  await accountPassword('BEA', 'another set of words')(store, output);
  expect(said).toEqual([
    'ann can sign in as viewer.',
    'bea can sign in as admin.',
    'bea has a new password; every session of theirs has ended.',
  ]);
});
