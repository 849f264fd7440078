// Ends the processes of an offer: SIGTERM, a while to comply, SIGKILL; each checked again right before each signal, each by its descriptor.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../host/host-error.ts';
import type { HeldProcess, ProcessEvidence, TargetHost } from '../host/targets.ts';
import type { Ending, Say } from './ending.ts';
import { descendantsOf } from './family.ts';
import { Refusal } from './refusal.ts';
import { findSuccessor } from './respawn.ts';
import { stateOf } from './target-check.ts';

export interface TerminateTimes {
  graceMs: number;
  killMs: number;
  /** How long a successor is looked for; longer when something is known that starts it again. */
  respawnMs: number;
  knownRespawnMs: number;
}

export const terminateTimes: TerminateTimes = {
  graceMs: 10_000,
  killMs: 5_000,
  respawnMs: 2_000,
  knownRespawnMs: 6_000,
};

export interface TerminateOptions {
  host: TargetHost;
  /** The one that was asked for, then those that descend from it, parents first. */
  processes: readonly HeldProcess[];
  restartsAreKnown: boolean;
  say: Say;
  times?: Partial<TerminateTimes>;
}

const lookMs = 50;
const reportAfterMs = 3_000;
type Signal = 'SIGTERM' | 'SIGKILL';

/** Before anything is done. Throws Refusal when the first has ended or any has changed. */
export async function requireUnchanged(processes: readonly HeldProcess[]): Promise<void> {
  for (const [index, held] of processes.entries()) {
    const found = await stateOf(held);
    if (found.state === 'changed') throw new Refusal('process-changed', `PID ${held.evidence.pid} ${found.how}.`);
    if (found.state === 'ended' && index === 0) throw new Refusal('no-such-process', `PID ${held.evidence.pid}.`);
  }
}

/** Parents first, so that none starts anew what has just ended. Never throws for what a process does. */
export async function terminate(options: TerminateOptions): Promise<Ending> {
  const { host, processes, say } = options;
  const times = { ...terminateTimes, ...options.times };
  const first = processes[0]!.evidence;
  const fromUs = host.clock.boottimeUs();
  const newcomers = newcomersOf(processes, host);
  const asked = await signalAll(processes, 'SIGTERM', say);
  let left = await untilEnded(asked.reached, times.graceMs, say);
  let last: Signal = 'SIGTERM';
  const leftAlone = [...asked.leftAlone];
  if (left.length > 0) {
    const killed = await signalAll(left, 'SIGKILL', say);
    leftAlone.push(...killed.leftAlone);
    if (killed.reached.length > 0) last = 'SIGKILL';
    left = await untilEnded(killed.reached, times.killMs, say);
  }
  const tookMs = (host.clock.boottimeUs() - fromUs) / 1e3;
  const notes = [...leftAlone, ...newcomers];
  if (left.length > 0 || leftAlone.length > 0) return unfinished(left, asked, notes);
  const detail = asked.reached.length === 0 ? 'it had ended by itself' : goneText(processes.length, tookMs, last);
  const watchMs = options.restartsAreKnown ? times.knownRespawnMs : times.respawnMs;
  const successor = await findSuccessor(first, { host, sinceUs: fromUs, watchMs });
  if (successor) return ending('respawned', `${detail}, and ${successorText(successor)}`, notes);
  return ending('gone', detail, notes);
}

interface Signalled {
  reached: HeldProcess[];
  /** Sentences about those that got no signal although they run. */
  leftAlone: string[];
  /** Whether this user may not. */
  denied: boolean;
}

async function signalAll(processes: readonly HeldProcess[], signal: Signal, say: Say): Promise<Signalled> {
  const result: Signalled = { reached: [], leftAlone: [], denied: false };
  for (const held of processes) {
    const { pid, name } = held.evidence;
    const found = await stateOf(held);
    if (found.state === 'ended') continue;
    if (found.state === 'changed') {
      result.leftAlone.push(`PID ${pid} ${found.how} since the offer and got no ${signal}`);
      continue;
    }
    try {
      if (held.signal(signal)) result.reached.push(held);
    } catch (error) {
      result.denied = true;
      result.leftAlone.push(`PID ${pid} (${name}): ${messageOf(error)}`);
    }
  }
  if (result.reached.length > 0) say(`${signal} sent to ${listText(result.reached)}.`);
  return result;
}

/** @returns those that still run after the time is up. */
async function untilEnded(processes: readonly HeldProcess[], timeMs: number, say: Say): Promise<HeldProcess[]> {
  let left = [...processes];
  const startMs = performance.now();
  let reported = false;
  for (;;) {
    const ended = await Promise.all(left.map((held) => held.hasEnded()));
    left = left.filter((_, index) => !ended[index]);
    const passedMs = performance.now() - startMs;
    if (left.length === 0 || passedMs >= timeMs) return left;
    if (!reported && passedMs >= reportAfterMs) {
      reported = true;
      say(`Still there after ${(passedMs / 1_000).toFixed(0)} s: ${listText(left)}.`);
    }
    await sleep(Math.min(lookMs, timeMs - passedMs));
  }
}

/** Descendants that the offer did not name: they were not signed for. */
function newcomersOf(processes: readonly HeldProcess[], host: TargetHost): string[] {
  if (processes.length === 1) return [];
  const known = new Set(processes.map(({ evidence }) => evidence.pid));
  const found = descendantsOf(processes[0]!.evidence.pid, host.list()).filter(({ pid }) => !known.has(pid));
  return found.length === 0 ? [] : [`${found.length} that started since the offer were left alone`];
}

function unfinished(left: readonly HeldProcess[], { denied, reached }: Signalled, notes: readonly string[]): Ending {
  if (denied && reached.length === 0) return ending('failed', 'nothing was ended', notes);
  const what = left.length > 0 ? `${listText(left)} did not end, not even after SIGKILL` : 'not all were ended';
  const wasChanged = left.length === 0 && !denied;
  return { ...ending('still-there', what, notes), code: wasChanged ? 'process-changed' : '' };
}

const ending = (outcome: Ending['outcome'], detail: string, notes: readonly string[]): Ending => ({
  outcome,
  code: '',
  detail: [detail, ...notes].join('; ').slice(0, 1_000),
});

function goneText(count: number, tookMs: number, last: Signal): string {
  const who = count === 1 ? '' : `${count} processes `;
  const when = `${(tookMs / 1_000).toFixed(1)} s after SIGTERM`;
  return `${who}gone ${when}${last === 'SIGKILL' ? ', by SIGKILL' : ''}`;
}

function successorText({ pid, unit, parentPid }: ProcessEvidence): string {
  return `respawned as PID ${pid} by ${unit || `its parent, PID ${parentPid}`}`;
}

function listText(processes: readonly HeldProcess[]): string {
  const names = processes.slice(0, 5).map(({ evidence }) => `PID ${evidence.pid} (${evidence.name})`);
  const more = processes.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
