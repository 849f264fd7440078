// A program that starts to listen where it never did, on a host that has been watched long enough to know.
import type { Detector } from '../detector.ts';
import type { Severity } from '../finding.ts';
import type { ConnectionObservation, Observation } from '../observation.ts';
import { addressKind } from './lib/address-kind.ts';
import { describeProcess, linksOf } from './lib/draft.ts';
import { executablePath, isInstalled, isInterpreter, programOf, programTitle } from './lib/executable.ts';
import { LruMap } from './lib/lru-map.ts';
import { type Familiar, NoveltyRun } from './lib/novelty-run.ts';
import { isTemporaryPath } from './lib/temporary-path.ts';
import { SeenBefore } from './lib/seen-before.ts';

const udp = 17;
const mostListeners = 512;
const dayUs = 86_400e6;
/** The lowest port that systems hand out by themselves: Linux's ip_local_port_range begins there (Documentation/networking/ip-sysctl.rst). */
const ephemeralPort = 32_768;
/** A program with so many ports takes them as they come. */
const dynamicPorts = 4;
const wellKnownPort = 1_024;

type Name = 'learning-days';

interface Listeners {
  seen: SeenBefore;
  /** How many ports each program had. */
  ports: LruMap<string, number>;
}

export const newListener: Detector<Name> = {
  id: 'new-listener',
  title: 'New listening port',
  technique: { id: 'T1571', name: 'Non-Standard Port' },
  severity: 'medium',
  consumes: ['connection'],
  thresholds: {
    'learning-days': {
      default: 7,
      unit: 'count',
      range: [0, 90],
      meaning: 'Days for which a host is watched before anything on it is new.',
      source: 'A week holds what is started on one weekday only; ours',
    },
  },
  description:
    'A port on which a program of this host begins to listen for the first time since the host is watched, at an address that others can reach. ' +
    'Ports that the system hands out, and those of a program that takes many, count as one.',
  falsePositives:
    'Installing or reconfiguring a service opens a port on purpose: one low finding. Loopback is not looked at. Medium are only programs out of temporary folders and, below port 1024 or for everybody, interpreters and network tools.',
  advice: [
    'Look at the program, who started it and when: was something installed or changed?',
    'Check whether the port should be reachable from outside of the host, and whether a firewall stands before it.',
    'If nobody knows of it, end the process and look for how it came to be.',
  ],
  onByDefault: true,
  start: (context) => new NewListenerRun(context, familiar),
};

const familiar: Familiar<Listeners> = {
  make: () => ({ seen: new SeenBefore(mostListeners), ports: new LruMap(mostListeners) }),
  save: (listeners) => ({ seen: listeners?.seen.save(mostListeners), ports: [...(listeners?.ports.entries() ?? [])] }),
  restore({ seen, ports }) {
    const restored = new LruMap<string, number>(mostListeners);
    for (const entry of Array.isArray(ports) ? ports.slice(0, mostListeners) : []) {
      if (Array.isArray(entry) && typeof entry[0] === 'string' && Number.isFinite(entry[1]))
        restored.set(entry[0], entry[1]);
    }
    return { seen: SeenBefore.restore(seen, mostListeners), ports: restored };
  },
};

class NewListenerRun extends NoveltyRun<Listeners> {
  observe(observation: Observation): void {
    if (observation.kind !== 'connection') return;
    const { host, atUs, direction, local, protocol, process } = observation;
    this.saw(host, atUs);
    if (direction !== 'listening' || addressKind(local.address) === 'loopback') return;
    const program = programOf(process);
    const listeners = this.knownOf(host);
    const port = this.#portClass(listeners, program, protocol, local.port);
    const isNew = listeners.seen.add(`${protocol} ${port} ${program}`, Math.floor(atUs / dayUs));
    if (!isNew) return;
    listeners.ports.set(program, (listeners.ports.get(program) ?? 0) + 1);
    if (port === 'dynamic' || observation.late || !this.isLearnt(host, atUs)) return;
    this.#emit(observation, program);
  }

  #portClass({ ports }: Listeners, program: string, protocol: number, port: number): string {
    if (port >= ephemeralPort) return 'dynamic';
    if (port >= wellKnownPort && (ports.peek(program) ?? 0) >= dynamicPorts) return 'dynamic';
    // Clients bind datagram sockets for their questions, too.
    return protocol === udp && port >= wellKnownPort ? 'dynamic' : String(port);
  }

  #emit(observation: ConnectionObservation, program: string): void {
    const { host, atUs, openedUs, local, protocol, process } = observation;
    const transport = protocol === udp ? 'UDP' : 'TCP';
    const place =
      local.address === '' || addressKind(local.address) === 'unspecified' ? 'every address' : local.address;
    const { hosts, fleet } = this.context.knowledge.prevalence('executable', process?.executable ?? '');
    this.context.emit({
      host,
      key: [transport, String(local.port), program],
      severity: severityOf(observation),
      score: 0.5,
      summary: `${describeProcess(process)} listens on ${transport} port ${local.port} of ${place} for the first time`,
      peer: '',
      process: programTitle(process),
      startUs: Math.min(openedUs, atUs),
      endUs: atUs,
      count: 1,
      evidence: [
        { label: 'Port', value: local.port },
        { label: 'Address', value: place },
        this.daysWatched(host, atUs),
        ...(process?.executable
          ? [{ label: 'Hosts that run this program', value: hosts, unit: 'count' as const, against: fleet }]
          : []),
      ],
      links: linksOf(observation),
    });
  }
}

function severityOf({ process, local }: ConnectionObservation): Severity {
  if (process === undefined) return 'low';
  if (isTemporaryPath(executablePath(process))) return 'medium';
  const reachable = local.address === '' || addressKind(local.address) !== 'private';
  return isInterpreter(process) && isInstalled(process) && reachable && local.port < wellKnownPort ? 'medium' : 'low';
}
