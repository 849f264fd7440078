// Attacks on a simulated fleet, with the truth about each: a lab that shows findings, and a test of what is found.
//
// Each begins so many seconds after the fleet and draws from a random source of its own: what the hosts do besides stays the same.
import { Direction, DnsRole, formatAddress, NameSource, OwnerRule, ScanKind } from '@foretop/proto';
import type { TrackedConnection } from '../../agent/src/collect/tick.ts';
import { ownerOf, type SimulatedHost } from './host.ts';
import { send } from './interfaces.ts';
import { question } from './lookups.ts';
import { type ProcessTemplate, service } from './profiles/profile.ts';
import { createRandom, type Random } from './random.ts';
import type { SimulatedProcess } from './simulated-process.ts';

export const attackNames = ['scan', 'brute-force', 'beacon', 'tunnel', 'exfiltration'] as const;
export type AttackName = (typeof attackNames)[number];

export interface AttackTruth {
  attack: AttackName;
  /** The detector that should find it. */
  detector: string;
  /** Index of the host that is attacked, or whose program attacks. */
  host: number;
  /** Address or name of the far end. */
  peer: string;
  /** Unix time, µs. */
  startUs: number;
}

export interface Attacks {
  /** A second of a host. */
  live(host: SimulatedHost, nowUs: number): void;
  truth(): AttackTruth[];
}

export interface AttackOptions {
  seed: string;
  startUs: number;
  hosts: readonly SimulatedHost[];
}

/** The first begins then, the others one after the other. */
const firstAfterSeconds = 20;
const apartSeconds = 5;

/** What an attack is on its host, second by second from 0 on. */
type Attack = (host: SimulatedHost, second: number, nowUs: number) => void;

interface Kind {
  detector: string;
  peer: string;
  begin(random: Random): Attack;
}

/** TEST-NET-3 and -2 (RFC 5737), as all of the simulated internet. */
const scanner = Uint8Array.of(203, 0, 113, 252);
const guesser = Uint8Array.of(198, 51, 100, 250);
const master = Uint8Array.of(203, 0, 113, 251);
const dropBox = Uint8Array.of(198, 51, 100, 249);
const tunnelZone = 'example.org';
const typeTxt = 16;

const implant = (key: string): ProcessTemplate =>
  service(key, 'www-data', `/srv/app/bin/${key} --quiet`, `${key}.service`, { memoryMb: 12 });

const kinds: Record<AttackName, Kind> = {
  /** Sixty ports in ten seconds, none of which is open. */
  scan: {
    detector: 'port-scan',
    peer: formatAddress(scanner),
    begin: () => (host, second, nowUs) => {
      if (second >= 10) return;
      const at = host.boottimeUs(nowUs);
      for (let port = 1; port <= 6; port++) {
        host.totals.scanPackets++;
        host.scans.push({
          ...{ kind: ScanKind.SCAN_KIND_SYN, sourceAddress: scanner, localAddress: host.addresses.v4 },
          ...{ localPort: 5_000 + second * 6 + port, packets: 1, firstUs: at, lastUs: at },
        });
      }
    },
  },
  /** Logins at sshd that are refused, one every four seconds. */
  'brute-force': {
    detector: 'brute-force',
    peer: formatAddress(guesser),
    begin: (random) => (host, second, nowUs) => {
      if (second > 200 || second % 4 !== 0) return;
      const [sshd] = host.processesOf.get('sshd') ?? [];
      const session = track(host, sshd, nowUs - 3e6, {
        ...{ direction: Direction.DIRECTION_INBOUND, localPort: 22, remoteAddress: guesser },
        ...{ remotePort: 30_000 + second, ownerRule: OwnerRule.OWNER_RULE_ACCEPT },
      });
      end(host, session, nowUs, { rxBytes: 2_500 + random.below(7), txBytes: 2_300 });
    },
  },
  /** A call every twenty seconds, a tenth sooner or later, of the same size. */
  beacon: {
    detector: 'beacon',
    peer: formatAddress(master),
    begin(random) {
      let due = 0;
      let caller: SimulatedProcess | undefined;
      return (host, second, nowUs) => {
        caller ??= start(host, 'syncd', nowUs);
        if (second < due) return;
        due = second + 18 + random.below(5);
        const call = track(host, caller, nowUs - 400_000, {
          ...{ direction: Direction.DIRECTION_OUTBOUND, localPort: host.ephemeralPort(false) },
          ...{ remoteAddress: master, remotePort: 8_443, ownerRule: OwnerRule.OWNER_RULE_CONNECT },
        });
        end(host, call, nowUs, { rxBytes: 310, txBytes: 420 });
      };
    },
  },
  /** Data in names, two a second. */
  tunnel: {
    detector: 'dns-tunnel',
    peer: tunnelZone,
    begin(random) {
      let carrier: SimulatedProcess | undefined;
      return (host, second, nowUs) => {
        carrier ??= start(host, 'carrier', nowUs);
        if (second >= 120) return;
        for (let each = 0; each < 2; each++) {
          const [head, body] = [random.bytes(20), random.bytes(24)].map((bytes) => Buffer.from(bytes).toString('hex'));
          const name = `${head}.${body}.${tunnelZone}`;
          const asked = { askedUs: host.boottimeUs(nowUs) + each * 1_000, answered: true, latencyUs: 20_000, name };
          question(host, carrier, {
            ...{ ...asked, type: typeTxt, role: DnsRole.DNS_ROLE_CLIENT, localAddress: host.addresses.v4 },
            ...{ localPort: host.ephemeralPort(false), queryBytes: 30 + name.length, answerBytes: 220 },
          });
        }
      };
    },
  },
  /** Half a gigabyte in a minute, out of the house. */
  exfiltration: {
    detector: 'exfiltration',
    peer: formatAddress(dropBox),
    begin() {
      let upload: TrackedConnection | undefined;
      let sender: SimulatedProcess | undefined;
      return (host, second, nowUs) => {
        if (second > 60) return;
        sender ??= start(host, 'packer', nowUs);
        upload ??= track(host, sender, nowUs, {
          ...{ direction: Direction.DIRECTION_OUTBOUND, localPort: host.ephemeralPort(true) },
          ...{ remoteAddress: dropBox, remotePort: 8_022, ownerRule: OwnerRule.OWNER_RULE_CONNECT },
        });
        const [txBytes, rxBytes] = [(upload.txBytes ?? 0) + 9_000_000, (upload.rxBytes ?? 0) + 2_000];
        if (second === 60) end(host, upload, nowUs, { rxBytes, txBytes });
        else carry(host, upload, { rxBytes, txBytes });
      };
    },
  },
};

export function createAttacks({ seed, startUs, hosts }: AttackOptions): Attacks {
  const planned = attackNames.map((attack, place) => {
    const { detector, peer, begin } = kinds[attack];
    const host = Math.floor((place * hosts.length) / attackNames.length);
    const beginUs = startUs + (firstAfterSeconds + place * apartSeconds) * 1e6;
    const go = begin(createRandom(`${seed}/attacks/${attack}`));
    return { go, truth: { attack, detector, host, peer, startUs: beginUs } };
  });
  return {
    live(host, nowUs) {
      for (const { go, truth } of planned) {
        const second = Math.floor((nowUs - truth.startUs) / 1e6);
        if (truth.host === host.index && second >= 0) go(host, second, nowUs);
      }
    },
    truth: () => planned.map(({ truth }) => truth),
  };
}

const never = 2 ** 31 - 1;

function start(host: SimulatedHost, key: string, nowUs: number): SimulatedProcess {
  const process = host.start(implant(key), host.boottimeUs(nowUs), never);
  host.started.push(process);
  return process;
}

type Ends = Pick<TrackedConnection, 'direction' | 'localPort' | 'remoteAddress' | 'remotePort' | 'ownerRule'>;

function track(host: SimulatedHost, process: SimulatedProcess | undefined, startedUs: number, ends: Ends) {
  const connection = host.track({
    ...{ ...ownerOf(process), ...ends, protocol: 6, state: 1, localAddress: host.addresses.v4 },
    ...{ startedUs: host.boottimeUs(startedUs), startedBefore: false, rxBytes: 0, txBytes: 0 },
    nameSource: NameSource.NAME_SOURCE_NONE,
  });
  host.opened.push(connection);
  host.openConnections++;
  host.totals.opened++;
  return connection;
}

type Carried = Required<Pick<TrackedConnection, 'rxBytes' | 'txBytes'>>;

function carry(host: SimulatedHost, connection: TrackedConnection, { rxBytes, txBytes }: Carried): void {
  const sent = txBytes - (connection.txBytes ?? 0);
  host.totals.rxBytes += rxBytes - (connection.rxBytes ?? 0);
  host.totals.txBytes += sent;
  send(host.interfaces.uplink, sent, Math.ceil(sent / 1_448));
  Object.assign(connection, {
    rxBytes,
    txBytes,
    rxPackets: Math.ceil(rxBytes / 1_448),
    txPackets: Math.ceil(txBytes / 1_448),
  });
}

function end(host: SimulatedHost, connection: TrackedConnection, nowUs: number, carried: Carried): void {
  carry(host, connection, carried);
  connection.state = 7; // TCP_CLOSE
  connection.lastSeenUs = connection.closedUs = host.boottimeUs(nowUs);
  host.connections.delete(connection.handle);
  host.closed.push(connection);
  host.openConnections--;
  host.totals.closed++;
}
