// Connections that stay open for hours: tunnels, remote control, and a lot that is innocent.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { Severity } from '../finding.ts';
import type { ConnectionObservation, Observation } from '../observation.ts';
import { isPrivate, isToMany } from './lib/address-kind.ts';
import { bytesText, secondsText } from './lib/words.ts';

const thresholds = {
  openSeconds: {
    default: 43_200,
    unit: 'seconds',
    range: [600, 2_592_000],
    meaning: 'How long a connection to the Internet has to be open.',
    source:
      'RITA v5 rates long connections from 1 h (low) to 12 h (high); half a day leaves the pushes of a working day out.',
  },
  dnsSeconds: {
    default: 180,
    unit: 'seconds',
    range: [30, 86_400],
    meaning: 'How long a host keeps asking DNS from one and the same port.',
    source:
      'A question takes seconds, and RFC 5452 wants another port for each; UDP state ends after 120 s (RFC 4787).',
  },
} as const;
type Names = keyof typeof thresholds;

/** Long connections are what these are for: push, mail, chat, VPN. */
const lastingPorts: ReadonlySet<number> = new Set([
  22, 143, 500, 993, 1_194, 4_500, 5_222, 5_223, 5_228, 8_883, 51_820,
]);
const dnsPort = 53;

export const longConnection: Detector<Names> = {
  id: 'long-connection',
  title: 'Long connection',
  technique: { id: 'T1571', name: 'Non-Standard Port' },
  severity: 'medium',
  consumes: ['connection'],
  thresholds,
  description:
    'A connection to the Internet stays open for half a day or more, or DNS is asked from one port for minutes, as a tunnel does. Long is not bad: medium only where the far end has no name, no port that is meant for it, and no other host of the fleet talks to it.',
  falsePositives:
    'Pushes, chats, mail, VPN and ssh are meant to last, and the more common a destination is in the fleet the less it says: all of that stays low. Forwarders that ask from a fixed port show up as low too.',
  advice: [
    'Which process holds it, and does it have a reason to?',
    'Look at how much goes out, and when: a person works by day, a tunnel breathes evenly.',
    'End the connection, and see whether it comes back at once.',
  ],
  onByDefault: true,
  start: (context) => new LongConnection(context),
};

class LongConnection implements DetectorRun {
  readonly #context: DetectorContext<Names>;

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'connection') return;
    const { openSeconds, dnsSeconds } = this.#context.thresholds;
    const { direction, remote, protocol, outcome, atUs, openedUs } = observation;
    if (direction !== 'outbound' || remote === undefined || isToMany(remote.address)) return;
    const isAnswered = outcome === 'established' || outcome === 'reset';
    const seconds = (atUs - openedUs) / 1e6;
    const isDns = protocol === 17 && remote.port === dnsPort;
    if (isDns && isAnswered && seconds >= dnsSeconds) this.#tell(observation, seconds, dnsSeconds, 'low');
    else if ((protocol === 6 || protocol === 17) && !isDns && seconds >= openSeconds && !isPrivate(remote.address)) {
      // One whose beginning was not seen is at least as long.
      if (isAnswered || (observation.receivedBytes ?? 0) > 0) {
        this.#tell(observation, seconds, openSeconds, this.#severityOf(observation));
      }
    }
  }

  advance(): void {}

  save(): unknown {
    return undefined;
  }

  restore(): void {}

  forget(): void {}

  #severityOf({ name, remote }: ConnectionObservation): Severity {
    const { hosts } = this.#context.knowledge.prevalence('destination', remote!.address);
    return name === '' && !lastingPorts.has(remote!.port) && hosts <= 1 ? 'medium' : 'low';
  }

  #tell(observation: ConnectionObservation, seconds: number, against: number, severity: Severity): void {
    const { host, local, remote, name, process, openedUs, atUs, id, sentBytes, receivedBytes } = observation;
    const peer = name === '' ? remote!.address : name;
    const isDns = remote!.port === dnsPort;
    const known = { sent: sentBytes ?? 0, received: receivedBytes ?? 0 };
    this.#context.emit({
      host,
      key: [id],
      severity,
      score: seconds / (seconds + against),
      summary: isDns
        ? `${local.address} asked ${peer} from one port for ${secondsText(seconds)}`
        : `A connection of ${local.address} to ${peer}, port ${remote!.port}, has been open for ${secondsText(seconds)}`,
      peer,
      process: process?.comm ?? '',
      startUs: openedUs,
      endUs: atUs,
      count: 1,
      evidence: [
        { label: 'Open', value: Math.round(seconds), unit: 'seconds', against },
        { label: 'Sent in the last span', value: known.sent, unit: 'bytes' },
        { label: 'Received in the last span', value: known.received, unit: 'bytes' },
        { label: 'Both', value: bytesText(known.sent + known.received) },
      ],
      links: { connections: [id], addresses: [remote!.address], ...(name !== '' && { names: [name] }) },
    });
  }
}
