// Port scans: one sender whose first contacts fail as no honest one's do, over the ports of a host or over the hosts of a port.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { HostKey, Observation } from '../observation.ts';
import { InternetScanners } from './lib/internet-scanners.ts';
import { RecentMap } from './lib/recent-map.ts';
import { contactBy, ftpControl, ftpControlService, letInAt, rulesOf } from './lib/scan-contact-of.ts';
import { type Contact, type ContactResult, ScanContacts } from './lib/scan-contacts.ts';
import { isFromInternet, mayScanOpenPorts, type Scan, scanIn } from './lib/scan-finding.ts';
import { scannerFrom } from './lib/sequential-test.ts';
import { SilentConnections } from './lib/silent-connections.ts';

const mostSources = 16_384;
/** First contacts remembered of one sender, and of all. */
const mostOfSource = 70_000;
const mostContacts = 400_000;
const mostSaved = 1_000;
/** Contacts of one sender, up to which each is judged when it comes. */
const judgedAtOnce = 500;
/** Monitors and load balancers come again within five minutes; a scanner has gone on. */
const comesAgainUs = 600_000_000;

const thresholds = {
  evidence: {
    default: Math.round(10 * scannerFrom(0.00001)) / 10,
    unit: 'score',
    range: [4.6, 30],
    meaning:
      'How much likelier a scanner has to be than an honest sender, as a natural logarithm: nine contacts that fail and none that does not.',
    source:
      'Jung et al. 2004: 0.8 and 0.2 of first contacts succeed, 99 % of scanners found. They allow one false alarm in 100 senders; a fleet has thousands a day, so here it is one in 100,000.',
  },
  commonHosts: {
    default: 25,
    unit: 'count',
    range: [5, 10_000],
    meaning:
      'Hosts that have to fail on a port whose honest clients talk to many: web, mail, DNS, NTP, and all of UDP.',
    source: "Zeek's policy/misc/scan: addr_scan_threshold = 25.",
  },
  pingedHosts: {
    default: 20,
    unit: 'count',
    range: [5, 10_000],
    meaning: 'Hosts that have to leave a ping unanswered.',
    source: 'The default of a ping sweep in Trellix IPS: 20.',
  },
  forgetSeconds: {
    default: 86_400,
    unit: 'seconds',
    range: [300, 604_800],
    meaning: 'After so long without a new contact a sender begins anew. A scan is as slow as it may be within that.',
    source: 'nmap -T0 waits 300 s between two probes; a day leaves room for one every few hours.',
  },
  toldAlone: {
    default: 3,
    unit: 'count',
    range: [0, 500],
    meaning:
      'How many scanners from the Internet a host has in 24 hours before further ones, that nothing answers, are one finding a day.',
    source:
      'In January 2014, 1.76 million addresses scanned the Internet (Durumeric, Bailey and Halderman, USENIX Security 2014): whoever is reachable has strangers every day. Three of them is what a person may look at one by one.',
  },
} as const;

interface Source {
  host: HostKey;
  address: string;
  isOutbound: boolean;
  contacts: ScanContacts;
  process: string;
  isFound: boolean;
  /** From the Internet: the service that it talked with, which is not there for everybody. Empty: none. */
  letInAt: string;
}

export const portScan: Detector<keyof typeof thresholds> = {
  id: 'port-scan',
  title: 'Port scan',
  technique: { id: 'T1046', name: 'Network Service Discovery' },
  severity: 'high',
  consumes: ['connection', 'scan'],
  thresholds,
  description:
    'Someone tries ports of a host, or a port of many hosts, to see what answers: by SYN, connect, FIN, NULL, XMAS, ACK, UDP or ping, fast or over hours. The first contact with each port counts; a sequential test weighs those that fail against those that do not.',
  falsePositives:
    'A client that retries a dead server counts once. Answers to forged addresses (backscatter) are no first contacts. Connections that were open before the agent was say nothing by ending in silence. Hosts that were looked up by name, peer-to-peer ports and late answers do not count over hosts; web, mail, DNS and NTP need 25 hosts, since browsers, mail servers and resolvers always meet some that are away. Monitors and load balancers open the same port of many hosts and say nothing: that speaks against nobody who comes again within ten minutes, or has fewer than 25 hosts. What is left: inventory and vulnerability scanners, which do scan; suppress them by address. A host that the Internet reaches is scanned by strangers all day: after the first three in 24 hours, those that got no answer from anything but public services are one low finding a host and day.',
  advice: [
    'Is the sender a scanner of your own? Then suppress it by its address.',
    'From inside: look at the process that sends, who started it, and what the host did before.',
    'Look at the ports that answered, and at what the sender did with them afterwards.',
    'From outside: make sure that what answered is meant to be reachable; block the sender if it goes on.',
  ],
  onByDefault: true,
  start: (context) => new PortScan(context),
};

class PortScan implements DetectorRun {
  readonly #context: DetectorContext<keyof typeof thresholds>;
  readonly #sources = new RecentMap<Source>(mostSources, (source) => this.#left(source));
  readonly #ofHost = new Map<HostKey, Set<Source>>();
  /** How many senders are known of those who come to a host. */
  readonly #senders = new Map<HostKey, number>();
  readonly #internet = new Map<HostKey, InternetScanners>();
  /** The sender of what its host sent last: batches are of one host. */
  #lastOutbound: Source | undefined;
  readonly #silent = new SilentConnections();
  readonly #grown = new Set<Source>();
  /** Those that open ports and leave: judged when they had time to come again. */
  readonly #waiting = new Map<Source, number>();
  /** What a host tells of long ago comes in the order of then, but not with the time between. */
  #nowUs = 0;
  #contacts = 0;
  /** So many were left when room was last made: with a quarter more it is made again. */
  #keptContacts = 0;

  constructor(context: DetectorContext<keyof typeof thresholds>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (isServed(observation) && this.#senderOf(observation) === undefined) return;
    this.#seeLetIn(observation);
    const by = contactBy(observation, this.#silent);
    if (by === undefined) return;
    const process = observation.kind === 'connection' ? (observation.process?.comm ?? '') : '';
    const source = this.#sourceOf(observation.host, by.source, by.isOutbound, by.contact.atUs);
    if (by.isOutbound && process !== '') source.process = process;
    this.#add(source, by.contact);
  }

  advance(nowUs: number): void {
    this.#nowUs = nowUs;
    for (const source of this.#grown) this.#judge(source, false);
    this.#grown.clear();
    for (const [host, scanners] of this.#internet) {
      const draft = scanners.draft(host);
      if (draft !== undefined) this.#context.emit(draft);
    }
    for (const [source, sinceUs] of this.#waiting) {
      if (nowUs - sinceUs < comesAgainUs) continue;
      this.#waiting.delete(source);
      this.#judge(source, true);
    }
  }

  save(host: HostKey): unknown {
    const rows: SavedContact[] = [];
    for (const source of this.#ofHost.get(host) ?? []) {
      for (const { target, service, port, atUs, result, isNamed, way } of source.contacts.contacts()) {
        rows.push([source.address, source.isOutbound, target, service, port, atUs, result, isNamed, way]);
      }
    }
    // What failed speaks first; what succeeded only keeps it from being a first contact again.
    const [failed, others] = [rows.filter((row) => row[6] === 'failure'), rows.filter((row) => row[6] !== 'failure')];
    const internet = this.#internet.get(host)?.save();
    if (rows.length === 0 && internet === undefined) return undefined;
    return { contacts: [...others, ...failed].slice(-mostSaved), internet };
  }

  restore(host: HostKey, state: unknown): void {
    const { contacts, internet } = (state ?? {}) as Record<string, unknown>;
    // First: whose contacts say once more that they scan is known there.
    if (internet !== undefined) this.#internet.set(host, InternetScanners.restore(internet));
    if (!Array.isArray(contacts)) return;
    for (const row of contacts.slice(0, mostSaved)) {
      if (!isSaved(row)) continue;
      const [address, isOutbound, target, service, port, atUs, result, isNamed, way] = row;
      const source = this.#sourceOf(host, address, isOutbound, atUs);
      this.#add(source, { target, service, port, atUs, result, isNamed, way, ports: 1 });
    }
  }

  forget(host: HostKey): void {
    this.#internet.delete(host);
    for (const source of [...(this.#ofHost.get(host) ?? [])]) {
      this.#sources.delete(keyOf(source));
      this.#left(source);
      this.#grown.delete(source);
      this.#waiting.delete(source);
    }
  }

  #left(source: Source): void {
    if (this.#lastOutbound === source) this.#lastOutbound = undefined;
    this.#contacts -= source.contacts.size;
    if (!source.isOutbound) {
      const left = (this.#senders.get(source.host) ?? 1) - 1;
      if (left > 0) this.#senders.set(source.host, left);
      else this.#senders.delete(source.host);
    }
    const others = this.#ofHost.get(source.host);
    others?.delete(source);
    if (others?.size === 0) this.#ofHost.delete(source.host);
  }

  #sourceOf(host: HostKey, address: string, isOutbound: boolean, atUs: number): Source {
    const last = this.#lastOutbound;
    const isSame = isOutbound && last !== undefined && last.host === host;
    const source = isSame
      ? last
      : this.#sources.getOrMake(keyOf({ host, address, isOutbound }), () => {
          const made: Source = {
            ...{ host, address, isOutbound, process: '', isFound: false, letInAt: '' },
            contacts: new ScanContacts(mostOfSource),
          };
          const others = this.#ofHost.get(host);
          if (others) others.add(made);
          else this.#ofHost.set(host, new Set([made]));
          if (!isOutbound) this.#senders.set(host, (this.#senders.get(host) ?? 0) + 1);
          return made;
        });
    if (isOutbound) this.#lastOutbound = source;
    const { lastUs } = source.contacts;
    if (lastUs > 0 && atUs - lastUs > this.#context.thresholds.forgetSeconds * 1e6) {
      this.#contacts -= source.contacts.size;
      source.contacts = new ScanContacts(mostOfSource);
      source.isFound = false;
      source.letInAt = '';
    }
    return source;
  }

  #add(source: Source, contact: Contact): void {
    const { contacts, isOutbound } = source;
    const before = contacts.size;
    const rules = rulesOf(contact, isOutbound, contacts.hasSucceeded(contact.target, ftpControlService));
    const evidence = contacts.add(contact, rules);
    this.#contacts += contacts.size - before;
    if (this.#contacts > Math.max(mostContacts, this.#keptContacts + mostContacts / 4)) {
      this.#sources.rotate();
      this.#keptContacts = this.#contacts;
    }
    if (evidence === undefined || contact.result === 'success') return;
    // The first time at once, then with what came meanwhile; also where much has come without a decision.
    if (evidence >= this.#context.thresholds.evidence || source.isFound) {
      if (source.isFound || contacts.size > judgedAtOnce) this.#grown.add(source);
      else this.#judge(source, false);
    }
    if (contact.result !== 'empty' || this.#waiting.has(source)) return;
    if (mayScanOpenPorts(contacts, this.#context.thresholds))
      this.#waiting.set(source, Math.max(contact.atUs, this.#nowUs));
  }

  #judge(source: Source, isQuiet: boolean): void {
    const scan = scanIn(source.contacts, this.#context.thresholds, isQuiet);
    if (scan === undefined) return;
    source.isFound = true;
    if (this.#isToldAlone(source, scan)) this.#context.emit(draftOf(source, scan, this.#context.thresholds.evidence));
  }

  #isToldAlone(source: Source, scan: Scan): boolean {
    if (!isFromInternet(source)) return true;
    let scanners = this.#internet.get(source.host);
    if (scanners === undefined) this.#internet.set(source.host, (scanners = new InternetScanners()));
    if (source.letInAt === '') source.letInAt = scanners.letInAt(source.address);
    else scanners.letIn(source.address, source.letInAt, scan.endUs);
    return scanners.take(source.address, scan, this.#context.thresholds.toldAlone);
  }

  /** Also in a later span of a connection, and where it had only opened the port before. */
  #seeLetIn(observation: Observation): void {
    const service = letInAt(observation);
    const source = service === undefined ? undefined : this.#senderOf(observation);
    if (service === undefined || source === undefined || source.letInAt !== '' || !isFromInternet(source)) return;
    source.letInAt = service;
    if (source.isFound) this.#grown.add(source);
  }

  /** Of a connection that came to the host, if he is known. */
  #senderOf(observation: Observation): Source | undefined {
    if (observation.kind !== 'connection' || observation.remote === undefined) return undefined;
    const { host, remote } = observation;
    if (!this.#senders.has(host)) return undefined;
    return this.#sources.peek(keyOf({ host, address: remote.address, isOutbound: false }));
  }
}

/**
 * Clients that were served: most of what comes to a server. The test begins anew with each of them, so before the first contact
 * that fails they need not be known.
 */
const isServed = (observation: Observation): boolean =>
  observation.kind === 'connection' &&
  observation.direction === 'inbound' &&
  observation.outcome === 'established' &&
  observation.receivedBytes !== 0 &&
  observation.local.port !== ftpControl;

/** All that a host sends comes from one sender, whatever its addresses. */
const keyOf = ({ host, address, isOutbound }: Pick<Source, 'host' | 'address' | 'isOutbound'>) =>
  `${host} ${isOutbound ? '' : address}`;

function draftOf(source: Source, scan: Scan, evidence: number): FindingDraft {
  const { host, address, isOutbound, process, letInAt: service } = source;
  const then = service === '' ? '' : `, and talked with ${service}`;
  return {
    host,
    key: [address],
    severity: service === '' ? scan.severityOf(address, isOutbound) : 'high',
    score: scan.score,
    summary: `${address}${process === '' ? '' : ` (${process})`} ${scan.words}${then}`,
    peer: isOutbound ? scan.target : address,
    process,
    startUs: scan.startUs,
    endUs: scan.endUs,
    count: scan.probes,
    evidence: [...scan.evidence(evidence), ...(service === '' ? [] : [{ label: 'Talked with', value: service }])],
    links: { addresses: scan.addresses },
  };
}

type SavedContact = [string, boolean, string, string, number, number, ContactResult, boolean, string];

const saved = ['string', 'boolean', 'string', 'string', 'number', 'number', 'string', 'boolean', 'string'];
const results: readonly unknown[] = ['failure', 'empty', 'success'] satisfies ContactResult[];
const isSaved = (row: unknown): row is SavedContact =>
  Array.isArray(row) && saved.every((type, index) => typeof row[index] === type) && results.includes(row[6]);
