// Runs collector and agent side by side: starts them in order, says what the agent can see of this host, stops them in reverse.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isConnected, isEnrolled, readStatus, sightLines } from './agent-status.mjs';
import { pinnedNode, toolEnvironment } from './environment.mjs';
import { logFolder, openLog } from './log-file.mjs';
import { lastWords, warningOf } from './log-line.mjs';
import { runProgram, startProgram, unlessAborted } from './program.mjs';
import { note, StepError, step } from './steps.mjs';

const collectorMain = join('collector', 'src', 'main.ts');
const agentMain = join('agent', 'src', 'main.ts');
const readyPrefix = 'Foretop is ready: ';
const collectorTimeoutMs = 180_000;
const warningEveryMs = 60_000;
const agentTimeoutMs = 60_000;
/** The agent's last flush takes up to 2 s; Postgres writes a checkpoint when it stops. */
const graceMs = { agent: 15_000, collector: 90_000 };

/** Does not return: throws Interrupted when the user stops it, StepError when something could not start or died. */
export async function runForetop({ port, dataDir, open, signal }) {
  const programs = [];
  const agentDir = join(dataDir, 'agent');
  try {
    const link = await step(
      'Starting database and collector',
      `Collector on http://localhost:${port}, data in ${dataDir}`,
      () => unlessAborted(signal, startCollector(programs, { port, dataDir, open })),
    );
    await step('Connecting the agent of this host', 'Agent connected', () =>
      unlessAborted(signal, startAgent(programs, { port, dataDir, agentDir, signal })),
    );
    for (const line of sightLines(readStatus(agentDir))) note(line);
    note(`Logs are in ${logFolder}. Ctrl+C stops everything.`);
    console.log(`${readyPrefix}${link}`);
    await unlessAborted(signal, Promise.race(programs.map(failWhenItEnds)));
  } finally {
    await stopAll(programs);
  }
}

/** Resolves to the login link. */
async function startCollector(programs, { port, dataDir, open }) {
  const args = [collectorMain, 'serve', '--port', `${port}`, '--data', dataDir, ...(open ? [] : ['--no-open'])];
  let collector;
  const link = new Promise((resolve) => {
    const onLine = (line) => line.startsWith(readyPrefix) && resolve(line.slice(readyPrefix.length));
    collector = launch(programs, 'collector', args, { onLine });
  });
  return Promise.race([link, failWhenItEnds(collector), failAfter(collectorTimeoutMs, collector, 'was not ready')]);
}

/** Resolves when the agent says that it is connected. A host that is enrolled already needs no token. */
async function startAgent(programs, { port, dataDir, agentDir, signal }) {
  const args = [agentMain, 'run', '--collector', `http://localhost:${port}`, '--data', agentDir];
  const input = isEnrolled(agentDir) ? undefined : `${await createToken(dataDir)}\n`;
  // Everything may have been stopped meanwhile; what starts now nobody would stop.
  signal.throwIfAborted();
  const agent = launch(programs, 'agent', input ? [...args, '--token-file', '-'] : args, { input });
  const connected = untilConnected(agentDir, agent);
  await Promise.race([connected, failWhenItEnds(agent), failAfter(agentTimeoutMs, agent, 'was not connected')]);
}

async function createToken(dataDir) {
  const args = [collectorMain, 'enrol-token', 'create', '--data', dataDir];
  const failure = 'No enrolment token could be made';
  const output = await runProgram('foretop', pinnedNode, args, { env: toolEnvironment(), failure });
  const token = /\bfte1_[\w-]+/.exec(output)?.[0];
  if (!token) throw new StepError(`${failure}: the command printed none.`, output.split('\n').slice(-5));
  return token;
}

async function untilConnected(agentDir, agent) {
  while (!agent.ended && !isConnected(agentDir, agent.child.pid)) await sleep(200);
}

function launch(programs, name, args, { input, onLine = () => {} }) {
  const log = openLog(name);
  const warn = warner(name);
  const program = startProgram(name, pinnedNode, args, {
    env: toolEnvironment(),
    input,
    onLine(line) {
      log(line);
      warn(line);
      onLine(line);
    },
  });
  programs.push(program);
  return program;
}

/** Shows warnings and errors as they come, the same one at most once a minute. */
function warner(name) {
  const shownMs = new Map();
  return (line) => {
    const warning = warningOf(line);
    if (!warning || performance.now() - (shownMs.get(warning) ?? -Infinity) < warningEveryMs) return;
    if (shownMs.size >= 100) shownMs.clear();
    shownMs.set(warning, performance.now());
    note(`${name}: ${warning}`);
  };
}

async function failWhenItEnds(program) {
  const { code, signal } = await program.exited;
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
  throw new StepError(`The ${program.name} ${how}.`, lastWords(program.lines));
}

async function failAfter(timeoutMs, program, what) {
  await sleep(timeoutMs, undefined, { ref: false });
  throw new StepError(`The ${program.name} ${what} within ${timeoutMs / 1000} s.`, lastWords(program.lines));
}

/** The agent first, so that its last records still find the collector. */
async function stopAll(programs) {
  for (const program of programs.toReversed()) {
    if (program.ended) continue;
    const { code } = await step(`Stopping the ${program.name}`, `The ${program.name} stopped`, () =>
      program.stop(graceMs[program.name]),
    );
    if (code !== 0) note(`(with exit code ${code})`);
  }
}
