// When the process table may do without a listing: only if everything that was forked is known by name.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type BriefProcesses, openBriefProcesses } from '../host/brief-processes.linux.ts';
import { openCpu } from '../host/cpu.linux.ts';
import { ProcessTable } from '../host/processes.linux.ts';
import { ProcessNewsReader } from './process-news.ts';

interface Look {
  forks: number | undefined;
  executed?: number[];
  ended?: number[] | 'too many';
  overflows?: number;
  failure?: string;
  atUs?: number;
}

/** What comes of a look a second after the first; process 1 is in the table. */
function second({ forks, executed = [], ended = [], overflows = 0, failure = '', atUs = 2e6 }: Look) {
  const reader = new ProcessNewsReader();
  const quiet = { counters: () => ({ overflows: 0, missed: 0, failure: '' }), executed: () => [], ended: () => [] };
  const isKnown = (pid: number) => pid === 1;
  expect(reader.read({ brief: quiet, forks: 100, isKnown, nowUs: 1e6 })).toBeUndefined();
  const brief = {
    counters: () => ({ overflows, missed: 0, failure }),
    executed: () => executed,
    ended: () => (ended === 'too many' ? undefined : ended),
  };
  return reader.read({ brief, forks, isKnown, nowUs: atUs });
}

it.each<[what: string, look: Look, executed: number[], ended: number[]]>([
  ['nothing happened', { forks: 100 }, [], []],
  ['one ended', { forks: 100, ended: [1] }, [], [1]],
  ['two began to execute', { forks: 102, executed: [7, 8], ended: [7] }, [7, 8], [7]],
  ['one that is known executes something else', { forks: 101, executed: [1, 7] }, [7], []],
])('is known when %s', (_what, look, executed, ended) => expect(second(look)).toEqual({ executed, ended }));

it.each<[what: string, look: Look]>([
  ['was forked and did not execute, or is a thread', { forks: 103, executed: [7, 8] }],
  ['executed that was forked before the count', { forks: 100, executed: [7] }],
  ['came and the kernel dropped events', { forks: 101, executed: [7], overflows: 1 }],
  ['came and events come no more', { forks: 101, executed: [7], failure: 'made up' }],
  ['came and too many ended', { forks: 101, executed: [7], ended: 'too many' }],
  ['came and nobody counts', { forks: undefined, executed: [7] }],
  ['came ten seconds after the last listing', { forks: 101, executed: [7], atUs: 11e6 }],
])('is not when something %s', (_what, look) => expect(second(look)).toBeUndefined());

it('agrees with listings of this very kernel', async ({ skip }) => {
  let opened: BriefProcesses;
  const details = { executable: 'x', commandLine: '', uid: 0, user: '', cgroup: '', unit: '' };
  const readDetails = () => ({ ...details, containerRuntime: '', containerId: '' });
  try {
    opened = openBriefProcesses({ readDetails });
  } catch (error) {
    return skip(`no process events here: ${String(error)}`);
  }
  using brief = opened;
  using cpu = openCpu();
  using table = new ProcessTable();
  using listed = new ProcessTable();
  const reader = new ProcessNewsReader();
  const own = (pids: Iterable<number>) => [...pids].filter((pid) => children.has(pid)).toSorted();
  const children = new Set<number>();
  let unlisted = 0;
  for (let look = 0; look < 20; look++) {
    const { forks } = cpu.read();
    brief.hear();
    const isKnown = (pid: number) => table.records.has(pid);
    const news = reader.read({ brief, forks, isKnown, nowUs: performance.now() * 1e3 });
    if (news) unlisted++;
    const before = performance.now();
    table.look({ news });
    brief.take(() => true);
    listed.look();
    // What began or ended between the two is in one of them only; none of these does.
    if (performance.now() - before < 1_000) expect(own(table.records.keys())).toEqual(own(listed.records.keys()));
    const child = spawn('sleep', [look % 2 === 0 ? '0.05' : '1'], { stdio: 'ignore' });
    children.add(child.pid!);
    if (look % 2 === 0) await once(child, 'exit');
    await sleep(20);
  }
  expect(own(table.records.keys()).length).toBeGreaterThan(0);
  if (unlisted === 0) console.warn('process news: other processes were forked at each look, so that each was listed');
});
