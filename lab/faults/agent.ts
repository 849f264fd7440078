// The real agent on a made-up host:  node lab/faults/agent.ts COLLECTOR_URL DATA_DIR SINCE_US TRUTH_FILE  (token on standard input, may be empty)
import { readFileSync } from 'node:fs';
import { runAgent } from '../../agent/src/agent.ts';
import { createLogger } from '../../agent/src/config/logger.ts';
import { parseRunConfig } from '../../agent/src/config/run-config.ts';
import { openHostCollector } from '../../agent/src/collect/collector.ts';
import { parseEnrolmentToken } from '../../agent/src/wire/enrolment.ts';
import { openMarkerHost } from './marker-host.ts';

const [collector = '', data = '', since = '', truthFile = ''] = process.argv.slice(2);
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

const noEnvironment = { variables: {}, configFile: undefined, stateHome: undefined, home: undefined };
const log = createLogger('info', process.stderr);
const text = readFileSync(0, 'utf8').trim();
using real = openHostCollector({ log });
await runAgent({
  config: parseRunConfig({ collector, data, name: 'marker' }, noEnvironment, true),
  token: text === '' ? undefined : parseEnrolmentToken(text),
  log,
  signal: stop.signal,
  openHost: () =>
    openMarkerHost({
      clock: real.clock,
      bootId: real.bootId,
      machineId: real.machineId,
      sinceUs: Number(since),
      truthFile,
    }),
});
