// What the agent's own files say: whether this host is enrolled, whether the agent is connected, and what it can see.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Enrolled is who knows its number at the collector; without that the agent needs a token. */
export function isEnrolled(agentDir) {
  return readJson(join(agentDir, 'enrolment.json'))?.hostId !== undefined;
}

/** The agent writes it every few seconds; undefined before the first time. */
export function readStatus(agentDir) {
  return readJson(join(agentDir, 'status.json'));
}

/** The agent with this process id has its place at the collector. */
export function isConnected(agentDir, pid) {
  const status = readStatus(agentDir);
  return status?.pid === pid && status.connection?.state === 'connected';
}

/** The tier and, for each source that gives less than all, why and what would mend it. */
export function sightLines(status) {
  if (!status) return [];
  const limited = (status.sources ?? []).filter(({ reason }) => reason);
  const where = status.scope === 'namespace' ? ', of its own network namespace only' : '';
  const tier = `What the agent sees of this host: tier ${status.tier} of 4 (1 sees most)${where}.`;
  return [
    tier,
    ...limited.map(({ name, reason, remedy }) => `  ${name}: ${reason}${remedy ? `; to change it: ${remedy}` : ''}`),
  ];
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // not there yet, or being written
  }
}
