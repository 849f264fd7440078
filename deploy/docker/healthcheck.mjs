// A container's health check. With a URL: it answers. With `agent`: the agent's last status is fresh and says that it is connected.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The agent writes its status every five seconds. */
const freshMs = 30_000;
const timeoutMs = 4_000;

const [subject] = process.argv.slice(2);
try {
  console.log(subject === 'agent' ? checkAgent() : await checkUrl(subject));
} catch (error) {
  console.log(error.message);
  process.exitCode = 1;
}

async function checkUrl(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text;
}

/** Looks where the agent keeps its data unless it is told otherwise. */
function checkAgent() {
  const folder =
    process.getuid() === 0 ? '/var/lib/foretop-agent' : join(homedir(), '.local', 'state', 'foretop-agent');
  const { writtenAt, connection } = JSON.parse(readFileSync(join(folder, 'status.json'), 'utf8'));
  const ageMs = Date.now() - Date.parse(writtenAt);
  if (!(ageMs < freshMs)) throw new Error(`The agent has not written its status for ${Math.round(ageMs / 1000)} s.`);
  if (connection.state !== 'connected') throw new Error(`The agent is not connected: ${JSON.stringify(connection)}`);
  return 'connected';
}
