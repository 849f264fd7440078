// Guessing passwords: from one sender to one login service, many short sessions of the same size.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft, Severity } from '../finding.ts';
import type { ConnectionObservation, HostKey, Observation } from '../observation.ts';
import { quantile, sortedCopy } from '../statistics/robust.ts';
import { isPrivate } from './lib/address-kind.ts';
import { type LoginService, loginServiceAt } from './lib/login-services.ts';
import { OfHosts } from './lib/of-hosts.ts';
import { countText, secondsText } from './lib/words.ts';

const thresholds = {
  attempts: {
    default: 10,
    unit: 'count',
    range: [5, 10_000],
    meaning: 'Sessions that look like a refused login, from one sender within the window.',
    source: "Zeek's SSH::password_guesses_limit is 30 in 30 min; ten in ten minutes is the same pace, told sooner.",
  },
  programAttempts: {
    default: 20,
    unit: 'count',
    range: [10, 100_000],
    meaning: 'The same for FTP, SMB and databases, where programs log in and out all day.',
    source: 'Twice that of a login for people; chosen, not measured.',
  },
  windowSeconds: {
    default: 600,
    unit: 'seconds',
    range: [60, 86_400],
    meaning: 'How long an attempt counts.',
    source: "A third of Zeek's SSH::guessing_timeout of 30 min, as the attempts are a third.",
  },
  unlike: {
    default: 500,
    unit: 'permille',
    range: [50, 2_000],
    meaning: 'How far the sizes of the middle half of the sessions may be apart, against their median.',
    source: 'Refused logins differ by the length of name and password; sessions with work in them by far more.',
  },
} as const;
type Names = keyof typeof thresholds;

interface Attempt {
  atUs: number;
  bytes: number;
}

interface Guesser {
  host: HostKey;
  isInbound: boolean;
  sender: string;
  target: string;
  service: LoginService;
  port: number;
  recent: Attempt[];
  count: number;
  /** Sessions of the same sender with more in them. */
  longer: number;
  /** The same, after it was found guessing. */
  longerAfter: number;
  startUs: number;
  endUs: number;
  isFound: boolean;
  process: string;
  connections: string[];
}

const mostGuessers = 16_384;
const mostRecent = 64;
const mostLinks = 20;
const mostSaved = 200;
/** Sessions with work in them, for each that looks like a refused login. */
const workShare = 0.25;

export const bruteForce: Detector<Names> = {
  id: 'brute-force',
  title: 'Password guessing',
  technique: { id: 'T1110', name: 'Brute Force' },
  severity: 'high',
  consumes: ['connection'],
  thresholds,
  description:
    'One sender opens session after session to ssh, RDP, FTP, telnet, SMB, VNC or a database; all of them end soon, and all have the size of a login that is refused. Logins over HTTP cannot be told from pages by their size, so they are not seen.',
  falsePositives:
    'Deployments and backups over ssh move data, so their sessions are larger or differ in size; from a sender with such sessions among the short ones nothing is said. Programs log in and out of FTP, SMB and databases all day, which therefore need twenty. A check that logs in every few seconds and does nothing looks the same: suppress it by its address.',
  advice: [
    'Did one of the guesses succeed? Look for a longer session of the same sender, and in the log of the service.',
    'Block the sender, or let the service be reached by VPN only.',
    'Turn passwords off where keys do; limit the tries elsewhere.',
    'From inside: look at the process that tries, and who started it.',
  ],
  onByDefault: true,
  start: (context) => new BruteForce(context),
};

class BruteForce implements DetectorRun {
  readonly #context: DetectorContext<Names>;
  readonly #guessers = new OfHosts<Guesser>(mostGuessers, (guesser) => this.#grown.delete(guesser));
  readonly #grown = new Set<Guesser>();

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'connection') return;
    const { direction, remote, local, protocol, outcome } = observation;
    if (protocol !== 6 || remote === undefined || (outcome !== 'established' && outcome !== 'reset')) return;
    if (direction !== 'inbound' && direction !== 'outbound') return;
    const isInbound = direction === 'inbound';
    const [client, server] = isInbound ? [remote, local] : [local, remote];
    const service = loginServiceAt(server.port);
    if (service === undefined) return;
    const who = {
      host: observation.host,
      isInbound,
      sender: client.address,
      target: server.address,
      port: server.port,
    };
    const guesser = this.#guessers.getOrMake(keyOf(who), () => ({
      ...{ ...who, service, recent: [], count: 0, longer: 0, longerAfter: 0, startUs: 0, endUs: 0 },
      ...{ isFound: false, process: '', connections: [] },
    }));
    this.#session(guesser, observation);
  }

  advance(): void {
    for (const guesser of this.#grown) this.#context.emit(draftOf(guesser, this.#context.thresholds));
    this.#grown.clear();
  }

  save(host: HostKey): unknown {
    const tried = this.#guessers.of(host).filter(({ count }) => count > 0);
    if (tried.length === 0) return undefined;
    return tried.slice(-mostSaved).map(({ host: _host, service: _service, recent, ...guesser }) => ({
      ...guesser,
      recent: recent.map(({ atUs, bytes }) => [atUs, bytes]),
    }));
  }

  restore(host: HostKey, state: unknown): void {
    for (const saved of Array.isArray(state) ? state.slice(0, mostSaved) : []) {
      const guesser = guesserOf(host, saved as SavedGuesser);
      if (guesser !== undefined) this.#guessers.set(keyOf(guesser), guesser);
    }
  }

  forget(host: HostKey): void {
    for (const guesser of this.#guessers.forget(host)) this.#grown.delete(guesser);
  }

  #session(guesser: Guesser, observation: ConnectionObservation): void {
    const { windowSeconds } = this.#context.thresholds;
    const kind = sessionOf(guesser, observation);
    const { atUs } = observation;
    if (kind === 'work') {
      guesser.longer++;
      if (!guesser.isFound) return;
      guesser.longerAfter++;
      this.#grown.add(guesser);
      return;
    }
    if (kind === 'other') return;
    const inWindow = guesser.recent.filter((attempt) => atUs - attempt.atUs <= windowSeconds * 1e6);
    if (inWindow.length === 0 && !guesser.isFound) {
      guesser.count = 0;
      guesser.longer = 0;
    }
    for (let each = 0; each < Math.min(observation.count, mostRecent); each++) inWindow.push({ atUs, bytes: kind });
    guesser.recent = inWindow.slice(-mostRecent);
    guesser.startUs = guesser.count === 0 ? observation.openedUs : Math.min(guesser.startUs, observation.openedUs);
    guesser.endUs = Math.max(guesser.endUs, atUs);
    guesser.count += observation.count;
    guesser.process = observation.process?.comm ?? guesser.process;
    if (guesser.connections.length < mostLinks) guesser.connections.push(observation.id);
    if (guesser.isFound) this.#grown.add(guesser);
    else if (this.#isGuessing(guesser)) {
      guesser.isFound = true;
      this.#context.emit(draftOf(guesser, this.#context.thresholds));
    }
  }

  #isGuessing({ recent, longer, service }: Guesser): boolean {
    const { attempts, programAttempts, unlike } = this.#context.thresholds;
    if (recent.length < Math.min(mostRecent, service.isForPrograms ? programAttempts : attempts)) return false;
    return longer <= workShare * recent.length && unlikeness(recent) * 1_000 <= unlike;
  }
}

const keyOf = ({ host, isInbound, sender, port }: Pick<Guesser, 'host' | 'isInbound' | 'sender' | 'port'>) =>
  `${host} ${isInbound ? sender : ''} ${port}`;

type SavedGuesser = Partial<Omit<Guesser, 'host' | 'service' | 'recent'>> & { recent?: unknown };

/** undefined of anything that save did not write. */
function guesserOf(host: HostKey, saved: SavedGuesser): Guesser | undefined {
  const { isInbound, sender, target, port, count, longer, longerAfter, startUs, endUs, isFound, process } = saved ?? {};
  const service = loginServiceAt(Number(port));
  const figures = [count, longer, longerAfter, startUs, endUs];
  const recent = Array.isArray(saved?.recent) ? saved.recent : [];
  const isWhole = typeof sender === 'string' && typeof target === 'string' && figures.every(Number.isFinite);
  if (service === undefined || !isWhole || !Array.isArray(saved.connections)) return undefined;
  return {
    ...{ host, isInbound: isInbound === true, sender, target, service, port: Number(port), isFound: isFound === true },
    ...{ count: count!, longer: longer!, longerAfter: longerAfter!, startUs: startUs!, endUs: endUs! },
    process: String(process ?? ''),
    connections: saved.connections.map(String).slice(0, mostLinks),
    recent: recent.slice(-mostRecent).flatMap((attempt) => {
      const [atUs, bytes] = Array.isArray(attempt) ? attempt.map(Number) : [];
      return Number.isFinite(atUs) && Number.isFinite(bytes) ? [{ atUs: atUs!, bytes: bytes! }] : [];
    }),
  };
}

/** @returns the client's bytes of what looks like a refused login. */
function sessionOf({ service, isInbound }: Guesser, observation: ConnectionObservation): number | 'work' | 'other' {
  const { sentBytes, receivedBytes, first, openedBefore, closed, atUs, openedUs, count } = observation;
  if (sentBytes === undefined || receivedBytes === undefined) return 'other';
  const [said, answered] = isInbound
    ? [receivedBytes / count, sentBytes / count]
    : [sentBytes / count, receivedBytes / count];
  const [least, most] = service.sent;
  if (said > most || answered > service.mostReceived || atUs - openedUs > service.mostSeconds * 1e6) return 'work';
  // Still going on, or nothing was said: a probe.
  return first && !openedBefore && closed && said >= least && answered > 0 ? said : 'other';
}

/** Distance of the quartiles against the median. */
function unlikeness(attempts: readonly Attempt[]): number {
  const sizes = sortedCopy(attempts.map(({ bytes }) => bytes));
  return (quantile(sizes, 0.75) - quantile(sizes, 0.25)) / Math.max(1, quantile(sizes, 0.5));
}

function draftOf(guesser: Guesser, limits: Readonly<Record<Names, number>>): FindingDraft {
  const { host, isInbound, sender, target, service, port, count, recent, startUs, endUs, longerAfter } = guesser;
  const seconds = (endUs - startUs) / 1e6;
  const after = longerAfter > 0 ? '; a longer session followed' : '';
  const attempts = countText(count, 'time');
  return {
    host,
    key: [isInbound ? sender : 'outbound', service.word, String(port)],
    severity: severityOf(guesser),
    score: count / (count + limits.attempts),
    summary: `${sender} tried to log in to ${service.word} of ${target} ${attempts} in ${secondsText(seconds)}${after}`,
    peer: isInbound ? sender : target,
    process: guesser.process,
    startUs,
    endUs,
    count,
    evidence: [
      {
        label: 'Short sessions',
        value: count,
        unit: 'count',
        against: service.isForPrograms ? limits.programAttempts : limits.attempts,
      },
      { label: 'Service', value: `${service.word}, port ${port}` },
      { label: 'Lasted', value: Math.round(seconds), unit: 'seconds' },
      {
        label: 'Median sent by the client',
        value: Math.round(quantile(sortedCopy(recent.map(({ bytes }) => bytes)), 0.5)),
        unit: 'bytes',
      },
      {
        label: 'Difference of the sizes',
        value: Math.round(unlikeness(recent) * 1_000),
        unit: 'permille',
        against: limits.unlike,
      },
      { label: 'Longer sessions afterwards', value: longerAfter, unit: 'count' },
    ],
    links: { connections: guesser.connections, addresses: [isInbound ? sender : target] },
  };
}

/** From the Internet it goes on everywhere all the time; from inside, or with a session after it, somebody is there. */
function severityOf({ isInbound, sender, longerAfter }: Guesser): Severity {
  return longerAfter > 0 || !isInbound || isPrivate(sender) ? 'high' : 'medium';
}
