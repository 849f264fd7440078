// Programs that run from a temporary folder, from memory only, or whose file is gone, and that talk to the network.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { Severity } from '../finding.ts';
import type { ConnectionObservation, HostKey, Observation } from '../observation.ts';
import { addressKind } from './lib/address-kind.ts';
import { linksOf } from './lib/draft.ts';
import { executablePath, isInstalled, programOf, programTitle } from './lib/executable.ts';
import { grow } from './lib/growth.ts';
import { Growths } from './lib/growths.ts';
import { LruMap } from './lib/lru-map.ts';
import { builderOf, isInMemory, isTemporaryPath } from './lib/temporary-path.ts';

const mostHosts = 20_000;
const mostDeleted = 512;
const mostGrowths = 128;
const deletedMark = ' (deleted)';

interface Verdict {
  severity: Severity;
  score: number;
  /** "runs from a temporary folder" */
  what: string;
  /** All programs that a package manager replaced are one finding. */
  folded: boolean;
}

export const temporaryPath: Detector<never> = {
  id: 'temporary-path',
  title: 'Program from a temporary or deleted file on the network',
  technique: { id: 'T1036.005', name: 'Masquerading: Match Legitimate Resource Name or Location' },
  severity: 'high',
  consumes: ['process', 'connection'],
  thresholds: {},
  description:
    'A process that talks to the network and whose executable lies where anybody may write and nothing stays (/tmp, /var/tmp, /dev/shm, the Windows Temp folders), only ever was in memory (memfd), or has been deleted while it runs.',
  falsePositives:
    'Updating a package deletes the file of every program of it that runs: such programs under /usr, /opt and the like are one low finding a host. AppImages, go run, installers and container runtimes run from temporary folders: low. Programs that talk within the host only are not told of.',
  advice: [
    'Look at the process: who started it, from which parent, with which arguments.',
    'Keep a copy of the executable: on Linux /proc/PID/exe still has it, even deleted.',
    'If a package was updated, restart what still runs the old file.',
    'If nobody knows it, end the process and look for what started it: cron, units, shells of services.',
  ],
  onByDefault: true,
  start: (context) => new TemporaryPathRun(context),
};

class TemporaryPathRun implements DetectorRun {
  readonly #context: DetectorContext<never>;
  /** Ids of the processes whose file is gone. */
  readonly #deleted = new LruMap<HostKey, LruMap<string, true>>(mostHosts);
  readonly #growths = new Growths(mostGrowths);

  constructor(context: DetectorContext<never>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind === 'connection') return this.#connection(observation);
    if (observation.kind !== 'process' || observation.process.id === undefined) return;
    const { host, process, deleted, exited } = observation;
    if (exited) this.#deleted.peek(host)?.delete(process.id!);
    else if (deleted) this.#deleted.getOrCreate(host, () => new LruMap(mostDeleted)).set(process.id!, true);
  }

  advance(): void {
    // A process is judged when it talks.
  }

  save(host: HostKey): unknown {
    return { deleted: [...(this.#deleted.peek(host)?.keys() ?? [])], growths: this.#growths.save(host) };
  }

  restore(host: HostKey, state: unknown): void {
    const { deleted, growths } = (state ?? {}) as { deleted?: unknown; growths?: unknown };
    this.#growths.restore(host, growths);
    const ids = new LruMap<string, true>(mostDeleted);
    for (const id of Array.isArray(deleted) ? deleted.slice(0, mostDeleted) : []) {
      if (typeof id === 'string') ids.set(id, true);
    }
    this.#deleted.set(host, ids);
  }

  forget(host: HostKey): void {
    this.#deleted.delete(host);
    this.#growths.forget(host);
  }

  #connection(observation: ConnectionObservation): void {
    const { host, atUs, process, remote, direction, first, count } = observation;
    if (process === undefined || process.executable === '') return;
    const path = executablePath(process);
    const deleted =
      process.executable.endsWith(deletedMark) ||
      (process.id !== undefined && this.#deleted.peek(host)?.has(process.id) === true);
    if ((!deleted && !isTemporaryPath(path)) || !first || isWithinHost(observation)) return;
    const verdict = judge(path, deleted, observation);
    const program = programOf(process);
    const growth = this.#growths.of(host, verdict.folded ? ['replaced'] : [program], atUs);
    if (!grow(growth, atUs, Math.max(1, count))) return;
    const title = programTitle(process);
    const peer = direction === 'listening' ? '' : observation.name || remote?.address || '';
    this.#context.emit({
      host,
      key: verdict.folded ? ['replaced'] : [program],
      severity: verdict.severity,
      score: verdict.score,
      summary: `${title} ${verdict.what} and ${talks(observation, peer)}`,
      peer,
      process: title,
      startUs: growth.startUs,
      endUs: growth.endUs,
      count: growth.count,
      evidence: [
        { label: 'Executable', value: process.executable },
        { label: 'Started by', value: process.parentComm || 'not known' },
        { label: 'User', value: process.user || 'not known' },
        { label: 'Connections', value: growth.count, unit: 'count' },
      ],
      links: linksOf(observation),
    });
  }
}

function judge(path: string, deleted: boolean, observation: ConnectionObservation): Verdict {
  const builder = builderOf(path);
  const outside = observation.remote !== undefined && addressKind(observation.remote.address) === 'external';
  if (builder !== undefined) {
    return { severity: 'low', score: 0.2, what: `runs from ${path}, as ${builder} does,`, folded: false };
  }
  if (isInMemory(path)) return { severity: 'high', score: 0.9, what: 'has no file, only memory,', folded: false };
  if (isTemporaryPath(path)) {
    const severity = outside ? 'medium' : 'low';
    if (deleted)
      return {
        severity: outside ? 'high' : 'medium',
        score: 0.8,
        what: `ran from ${path}, which is deleted,`,
        folded: false,
      };
    return { severity, score: outside ? 0.6 : 0.4, what: `runs from ${path}`, folded: false };
  }
  const installed = observation.process !== undefined && isInstalled(observation.process);
  const severity = installed || !outside ? 'low' : 'medium';
  return { severity, score: installed ? 0.1 : 0.5, what: `runs a file that is gone (${path})`, folded: installed };
}

function isWithinHost({ remote, local, direction }: ConnectionObservation): boolean {
  if (direction === 'listening' || remote === undefined) return addressKind(local.address) === 'loopback';
  return addressKind(remote.address) === 'loopback' || remote.address === local.address;
}

function talks({ direction, local }: ConnectionObservation, peer: string): string {
  if (direction === 'listening' || peer === '') return `listens on port ${local.port}`;
  return direction === 'inbound' ? `answers ${peer}` : `connects to ${peer}`;
}
