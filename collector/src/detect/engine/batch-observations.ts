// A committed batch as observations, in the order in which things happened; from what ingest decoded, without decoding again.
import { limits, Metric } from '@foretop/proto';
import type {
  Accepted,
  AcceptedCard,
  AcceptedExchange,
  AcceptedMinute,
  AcceptedSegment,
} from '../../ingest/accepted.ts';
import type { GapRow } from '../../ingest/gaps.ts';
import { type MetricMinute, minuteOf } from '../../ingest/metrics.ts';
import type { PreparedBatch } from '../../ingest/prepare.ts';
import type { ProcessRow } from '../../ingest/processes.ts';
import type { DecodedScan } from '../../ingest/scans.ts';
import { int8Text } from '../../ingest/small-rows.ts';
import { cleanText } from '../../store/host-text.ts';
import type { Hash64 } from '../../store/ids.ts';
import type {
  AgentObservation,
  CardObservation,
  ConnectionObservation,
  DnsObservation,
  Observation,
  ObservedProcess,
  ProcessObservation,
  ScanObservation,
  UsageObservation,
} from '../observation.ts';
import type { AddressTexts } from './address-texts.ts';
import type { ProcessFacts } from './process-facts.ts';
import * as words from './wire-words.ts';

/** What was sealed longer ago than this comes out of a spool. */
const lateAfterUs = 60_000_000;

export interface MappingParts {
  facts: ProcessFacts;
  addresses: AddressTexts;
  /** Cores of a host; 1 where not known. */
  cpus(hostId: number): number;
}

/** Learns the batch's processes, too. */
export function observationsOf(prepared: PreparedBatch, parts: MappingParts): Observation[] {
  const { accepted, batch } = prepared;
  const mapping = new Mapping(prepared, parts);
  const observations: Observation[] = [];
  // Processes first: what comes after is told about them.
  for (const row of prepared.processes) observations.push(mapping.process(row));
  for (const row of accepted.segments) observations.push(mapping.connection(row));
  for (const row of accepted.dns) observations.push(mapping.dns(row));
  for (const scan of accepted.scans) observations.push(mapping.scan(scan));
  for (const row of accepted.cards) observations.push(mapping.card(row));
  for (const row of accepted.minutes) observations.push(mapping.processMinute(row));
  for (const minute of prepared.minutes) if (minute.subject === '') observations.push(mapping.hostMinute(minute));
  for (const gap of prepared.gaps) observations.push(mapping.gap(gap));
  if (batch.skewUs !== undefined && observations.some(({ late }) => !late))
    observations.push(mapping.clock(batch.skewUs));
  return observations.sort((a, b) => a.atUs - b.atUs);
}

class Mapping {
  readonly #host: string;
  readonly #hostId: number;
  readonly #offsetUs: number;
  readonly #lateBeforeUs: number;
  readonly #receivedUs: number;
  readonly #accepted: Accepted;
  readonly #parts: MappingParts;
  readonly #comms: (string | undefined)[] = [];
  readonly #names: (string | undefined)[] = [];
  readonly #processes = new Map<Hash64, ObservedProcess>();

  constructor({ batch, accepted }: PreparedBatch, parts: MappingParts) {
    this.#hostId = batch.hostId;
    this.#host = String(batch.hostId);
    this.#offsetUs = batch.offsetUs;
    this.#receivedUs = batch.receivedUs;
    this.#lateBeforeUs = batch.receivedUs - lateAfterUs;
    this.#accepted = accepted;
    this.#parts = parts;
  }

  process(row: ProcessRow): ProcessObservation {
    const atUs = row.exitedUs ?? row.lastSeenUs;
    return {
      kind: 'process',
      host: this.#host,
      atUs,
      late: atUs < this.#lateBeforeUs,
      process: this.#parts.facts.learn(row),
      startedUs: row.startedUs,
      commandLine: row.commandLine,
      exited: row.exitedUs !== null,
      deleted: words.isDeleted(row.executable),
    };
  }

  connection({ segment, connection, process }: AcceptedSegment): ConnectionObservation {
    const { rxBytes, txBytes, rxPackets, txPackets, protocol, state } = segment;
    const atUs = segment.endUs + this.#offsetUs;
    const receivedBytes = rxBytes ?? undefined;
    const sentBytes = txBytes ?? undefined;
    const hasRtt = (segment.rttUs ?? 0) > 0;
    const nameSource = words.nameSourceOf(segment.nameSource);
    return {
      kind: 'connection',
      host: this.#host,
      atUs,
      late: atUs < this.#lateBeforeUs,
      id: int8Text(connection),
      openedUs: segment.startedUs + this.#offsetUs,
      startUs: segment.startUs + this.#offsetUs,
      first: segment.startUs <= segment.startedUs,
      openedBefore: segment.startedBefore,
      closed: segment.closed,
      process: this.#processOf(process, segment.pid, segment.comm),
      protocol,
      direction: words.directions[segment.direction] ?? 'unknown',
      outcome: words.outcomeOf({ protocol, state, receivedBytes, sentBytes, hasRtt }),
      local: { address: this.#parts.addresses.of(segment.localAddress), port: segment.localPort },
      remote:
        segment.remoteAddress.length === 0
          ? undefined
          : { address: this.#parts.addresses.of(segment.remoteAddress), port: segment.remotePort },
      sentBytes,
      receivedBytes,
      sentPackets: txPackets ?? undefined,
      receivedPackets: rxPackets ?? undefined,
      name: nameSource === 'none' ? '' : this.#name(segment.name, limits.nameLength),
      nameSource,
      count: segment.connectionCount || 1,
    };
  }

  dns({ exchange, id, process }: AcceptedExchange): DnsObservation {
    const atUs = exchange.askedUs + this.#offsetUs;
    return {
      kind: 'dns',
      host: this.#host,
      atUs,
      late: atUs < this.#lateBeforeUs,
      id: int8Text(id),
      process: this.#processOf(process, exchange.pid, exchange.comm),
      role: words.roles[exchange.role]!,
      service: words.services[exchange.kind]!,
      transport: words.transports[exchange.transport]!,
      peer: { address: this.#parts.addresses.of(exchange.peerAddress), port: exchange.peerPort },
      name: this.#name(exchange.name, limits.dnsNameLength),
      type: exchange.type,
      answered: exchange.answered,
      rcode: exchange.answered ? exchange.rcode : undefined,
      addresses: exchange.addresses.map((address) => this.#parts.addresses.of(address)),
      queryBytes: exchange.queryBytes,
      answerBytes: exchange.answerBytes,
      count: exchange.count || 1,
    };
  }

  scan(scan: DecodedScan): ScanObservation {
    return {
      kind: 'scan',
      ...this.#seen(scan.endUs + this.#offsetUs),
      scan: words.scans[scan.kind]!,
      startUs: scan.startUs + this.#offsetUs,
      source: this.#parts.addresses.of(scan.sourceAddress),
      localAddress: this.#parts.addresses.of(scan.localAddress),
      localPort: scan.localPort,
      ports: Math.max(1, scan.ports),
      packets: scan.packets,
    };
  }

  card({ card, masked, issuer, comm, connection, process }: AcceptedCard): CardObservation {
    return {
      kind: 'card',
      ...this.#seen(card.endUs + this.#offsetUs),
      connection: connection === null ? '' : int8Text(connection),
      process:
        process === null ? words.barely(undefined, card.pid, comm) : this.#processOf(process, card.pid, card.comm),
      inbound: words.directions[card.direction] === 'inbound',
      local: { address: this.#parts.addresses.of(card.localAddress), port: card.localPort },
      peer: { address: this.#parts.addresses.of(card.remoteAddress), port: card.remotePort },
      masked,
      issuer,
      score: card.scorePermille / 1_000,
      startUs: card.startUs + this.#offsetUs,
      count: Math.max(1, card.count),
    };
  }

  processMinute({ minute, process }: AcceptedMinute): UsageObservation {
    const seconds = minute.seconds!;
    const atUs = words.minuteEnd(minuteOf(minute.startUs! + this.#offsetUs));
    return {
      kind: 'usage',
      host: this.#host,
      atUs,
      late: atUs < this.#lateBeforeUs,
      process: this.#processOf(process, minute.pid!, 0),
      seconds,
      cpuPermille: words.cpuPermille(minute.cpuUs!, seconds, this.#parts.cpus(this.#hostId)),
      memoryBytes: minute.memoryBytes!,
      sentBytes: minute.txBytes ?? undefined,
      receivedBytes: minute.rxBytes ?? undefined,
      connections: minute.connections!,
    };
  }

  hostMinute({ minuteUs, seconds, series }: MetricMinute): UsageObservation {
    return {
      kind: 'usage',
      ...this.#seen(words.minuteEnd(minuteUs)),
      process: undefined,
      seconds,
      cpuPermille: seconds === 0 ? 0 : Math.round((series.get(Metric.METRIC_CPU_PERMILLE)?.sum ?? 0) / seconds),
      memoryBytes: series.get(Metric.METRIC_MEMORY_BYTES)?.max ?? 0,
      sentBytes: series.get(Metric.METRIC_TX_BYTES)?.sum,
      receivedBytes: series.get(Metric.METRIC_RX_BYTES)?.sum,
      connections: series.get(Metric.METRIC_CONNECTIONS)?.max ?? 0,
    };
  }

  gap({ startUs, endUs, reason }: GapRow): AgentObservation {
    return { kind: 'agent', ...this.#seen(endUs), event: 'gap', reason, seconds: (endUs - startUs) / 1e6 };
  }

  clock(skewUs: number): AgentObservation {
    return { kind: 'agent', ...this.#seen(this.#receivedUs), event: 'clock', reason: '', seconds: skewUs / 1e6 };
  }

  #seen(atUs: number): { host: string; atUs: number; late: boolean } {
    return { host: this.#host, atUs, late: atUs < this.#lateBeforeUs };
  }

  /** Rows of one process share their id object, so it is looked up once. */
  #processOf(id: Hash64 | null, pid: number, comm: number): ObservedProcess | undefined {
    if (id === null) return words.barely(undefined, pid, this.#comm(comm));
    let process = this.#processes.get(id);
    if (process === undefined) {
      process = this.#parts.facts.get(this.#hostId, id) ?? words.barely(int8Text(id), pid, this.#comm(comm))!;
      this.#processes.set(id, process);
    }
    return process;
  }

  #comm(index: number): string {
    return (this.#comms[index] ??= cleanText(this.#accepted.strings[index], limits.commLength));
  }

  #name(index: number, longest: number): string {
    // Names of connections and of DNS have different bounds; the table is shared.
    const key = longest === limits.nameLength ? index * 2 : index * 2 + 1;
    return (this.#names[key] ??= cleanText(this.#accepted.strings[index], longest));
  }
}
