// A program that talks to the network for the first time on a host that has been watched long enough to know.
import type { Detector } from '../detector.ts';
import type { Severity } from '../finding.ts';
import type { ConnectionObservation, Observation } from '../observation.ts';
import { addressKind } from './lib/address-kind.ts';
import { describeProcess, linksOf } from './lib/draft.ts';
import { executablePath, isInstalled, programOf, programTitle } from './lib/executable.ts';
import { type Familiar, NoveltyRun } from './lib/novelty-run.ts';
import { SeenBefore } from './lib/seen-before.ts';

const mostPrograms = 1_024;
const dayUs = 86_400e6;
/** In a fleet smaller than this, nobody else having it says nothing. */
const smallestFleet = 5;

type Name = 'learning-days' | 'rare-hosts' | 'most-a-day';

interface Programs {
  seen: SeenBefore;
  day: number;
  /** Told of on that day. */
  told: number;
}

export const newNetworkProcess: Detector<Name> = {
  id: 'new-network-process',
  title: 'New program on the network',
  technique: { id: 'T1204.002', name: 'User Execution: Malicious File' },
  severity: 'medium',
  consumes: ['connection'],
  thresholds: {
    'learning-days': {
      default: 7,
      unit: 'count',
      range: [0, 90],
      meaning: 'Days for which a host is watched before a program on it is new.',
      source: 'A week holds what runs on one weekday only; ours',
    },
    'rare-hosts': {
      default: 2,
      unit: 'count',
      range: [1, 10_000],
      meaning: 'A program that more hosts of the fleet run is not told of.',
      source: 'Ours: this host and one more, as a change is tried out',
    },
    'most-a-day': {
      default: 5,
      unit: 'count',
      range: [1, 1000],
      meaning: 'New programs of one host and day that are told of; an upgrade of everything is no news.',
      source: 'Ours: a person reads no more',
    },
  },
  description:
    'A program (by its path, without versions and hashes in it) that opens or accepts a connection for the first time since the host is watched, and that hardly any other host of the fleet runs.',
  falsePositives:
    'Whatever somebody installs. Low, except programs outside of the folders that package managers write to which connect outside and which no other host of the fleet has. Versions are folded, and a flood of them on one day (an upgrade) ends after a few.',
  advice: [
    'Look at the path, the user and the parent: was it installed, built or downloaded?',
    'Look where it connects to.',
    'If it belongs there, acknowledge it: the host knows it from now on.',
  ],
  onByDefault: true,
  start: (context) => new NewNetworkProcessRun(context, familiar),
};

const familiar: Familiar<Programs> = {
  make: () => ({ seen: new SeenBefore(mostPrograms), day: 0, told: 0 }),
  save: (programs) => ({ seen: programs?.seen.save(mostPrograms) }),
  restore: ({ seen }) => ({ seen: SeenBefore.restore(seen, mostPrograms), day: 0, told: 0 }),
};

class NewNetworkProcessRun extends NoveltyRun<Programs, Name> {
  observe(observation: Observation): void {
    if (observation.kind !== 'connection') return;
    const { host, atUs, process } = observation;
    this.saw(host, atUs);
    // A name alone is whatever the process calls itself.
    if (process === undefined || process.executable === '' || isLocal(observation)) return;
    const day = Math.floor(atUs / dayUs);
    const programs = this.knownOf(host);
    if (!programs.seen.add(programOf(process), day) || observation.late || !this.isLearnt(host, atUs)) return;
    if (day > programs.day) [programs.day, programs.told] = [day, 0];
    const { thresholds, knowledge } = this.context;
    const { hosts, fleet } = knowledge.prevalence('executable', process.executable);
    if (hosts > thresholds['rare-hosts'] || programs.told >= thresholds['most-a-day']) return;
    programs.told++;
    this.#emit(observation, hosts, fleet);
  }

  #emit(observation: ConnectionObservation, hosts: number, fleet: number): void {
    const { host, atUs, openedUs, process, remote, name, direction } = observation;
    const peer = name || remote?.address || '';
    const doing =
      direction === 'listening' || peer === ''
        ? 'listens'
        : direction === 'inbound'
          ? `answers ${peer}`
          : `connects to ${peer}`;
    this.context.emit({
      host,
      key: [programOf(process)],
      severity: severityOf(observation, hosts, fleet),
      score: 0.4,
      summary: `${describeProcess(process)} ${doing}: it was never on the network of this host before`,
      peer,
      process: programTitle(process),
      startUs: Math.min(openedUs, atUs),
      endUs: atUs,
      count: 1,
      evidence: [
        { label: 'Executable', value: process!.executable },
        { label: 'Started by', value: process!.parentComm || 'not known' },
        { label: 'User', value: process!.user || 'not known' },
        { label: 'Hosts that run it', value: hosts, unit: 'count', against: fleet },
        this.daysWatched(host, atUs),
      ],
      links: linksOf(observation),
    });
  }
}

function severityOf({ process, remote, direction }: ConnectionObservation, hosts: number, fleet: number): Severity {
  const outside = direction === 'outbound' && remote !== undefined && addressKind(remote.address) === 'external';
  const alone = fleet >= smallestFleet && hosts <= 1;
  // Containers have their own folders.
  const elsewhere =
    process !== undefined && !isInstalled(process) && process.container === '' && executablePath(process).length > 0;
  return outside && alone && elsewhere ? 'medium' : 'low';
}

function isLocal({ remote, local, direction }: ConnectionObservation): boolean {
  const far = direction === 'listening' || remote === undefined ? local.address : remote.address;
  return addressKind(far) === 'loopback';
}
