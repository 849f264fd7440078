// `npm start`: installs, builds, and runs collector and agent on this machine until Ctrl+C. Runs on Node 20, before anything is installed.
import { ensureBuilt, ensureInstalled } from './install.mjs';
import { help, parseOptions } from './options.mjs';
import { abandonPrograms, unlessAborted } from './program.mjs';
import { runForetop } from './run.mjs';
import { Interrupted, printFailure } from './steps.mjs';

const options = parseOptions(process.argv.slice(2));
if (options.help) {
  console.log(help);
} else if (options.faults) {
  for (const fault of options.faults) console.error(fault);
  console.error('\nnpm start -- --help  lists the options.');
  process.exitCode = 2;
} else {
  process.exitCode = await main(options);
}

async function main({ port, dataDir, open }) {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort(new Interrupted(signal)));
  try {
    await unlessAborted(stop.signal, prepare());
  } catch (error) {
    await abandonPrograms();
    if (error instanceof Interrupted) console.log('Interrupted. The next start begins with what is missing.');
    else printFailure(error);
    return error instanceof Interrupted ? 130 : 1;
  }
  try {
    await runForetop({ port, dataDir, open, signal: stop.signal });
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return 0;
    printFailure(error);
    return 1;
  }
}

async function prepare() {
  await ensureInstalled();
  await ensureBuilt();
}
