// The command line of `npm start`, checked as a whole so that every fault is said at once.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultDataDir, given, startFolder } from './environment.mjs';

export const help = `Starts Foretop on this machine: Postgres, collector, dashboard, and an agent for this host.

  npm start -- [--port N] [--data DIR] [--no-open]

  --port N    port of the dashboard and of agents on localhost (default 8420, or FORETOP_PORT)
  --data DIR  folder of database, keys and spool (default ${defaultDataDir()}, or FORETOP_DATA)
  --no-open   do not open the browser
  --help      this text

DATABASE_URL uses a Postgres server of your own (15 or newer) in place of the one that comes along.
Ctrl+C stops all of it. Starting again finds the data of the last time.`;

/** Returns { help: true }, { faults: [...] } or the options. */
export function parseOptions(args) {
  const named = {
    port: { type: 'string' },
    data: { type: 'string' },
    'no-open': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  };
  let values;
  try {
    ({ values } = parseArgs({ args, options: named, strict: true }));
  } catch (error) {
    return { faults: [error.message] };
  }
  if (values.help) return { help: true };
  const faults = [];
  const port = values.port ?? given.port ?? '8420';
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    faults.push(
      `${values.port === undefined ? 'FORETOP_PORT' : '--port'} is "${port}", required is a number from 1 to 65535`,
    );
  }
  if (values.data === '') faults.push('--data is empty, required is a folder');
  if (faults.length > 0) return { faults };
  const dataDir = resolve(startFolder, values.data ?? given.dataDir ?? defaultDataDir());
  return { port: Number(port), dataDir, open: !values['no-open'] };
}
