// Bytes of a capture file turned into records: flows when they end, DNS exchanges, pings, ARP, text that is not encrypted.
import { CaptureReader } from '@foretop/agent/inspect/pcap/capture-reader.ts';
import { CaptureWatcher } from '@foretop/agent/inspect/replay/capture-watcher.ts';
import type { Flow } from '@foretop/agent/inspect/replay/flow.ts';
import { formatAddress } from '@foretop/proto';
import type { ScanObservation } from '../../observation.ts';
import { seenByClient } from '../flow-observation.ts';
import { observed, type Reading, type ReplayRecord } from '../record.ts';
import { ArpObservations } from './arp-observations.ts';
import { clearText } from './clear-text.ts';
import { dnsObservation } from './dns-observation.ts';
import { Echoes } from './echoes.ts';
import { outcomeOf, probeOf } from './outcome.ts';

export class CaptureRecords {
  readonly #reading: Reading;
  readonly #prefix: string;
  readonly #arp = new ArpObservations();
  readonly #echoes: Echoes;
  readonly #watcher: CaptureWatcher;
  readonly #reader: CaptureReader;
  #found: ReplayRecord[] = [];
  #exchanges = 0;

  /** @param prefix makes the ids of this file's flows its own. */
  constructor(prefix: string, reading: Reading) {
    this.#reading = reading;
    this.#prefix = prefix;
    const emit = (record: ReplayRecord) => void this.#found.push(record);
    this.#echoes = new Echoes(prefix, emit);
    this.#watcher = new CaptureWatcher({
      flow: (flow, looked) => emit(this.#flow(flow, looked)),
      dns: (exchange) => emit(observed(dnsObservation(exchange, `${prefix}d${++this.#exchanges}`))),
      sni: () => {},
      payload: (transport, flow) => {
        const observation = clearText(transport, flow, prefix);
        if (observation) emit(observed(observation));
      },
      echo: (echo) => this.#echoes.add(echo),
      arp: (message) => {
        const observation = this.#arp.add(message);
        if (observation) emit(observed(observation));
      },
      unknownLink: (linkType) =>
        this.#reading.notes.push(`Packets of the link type ${linkType} cannot be read, or are cut short.`),
    });
    this.#reader = new CaptureReader((packet) => {
      reading.items++;
      reading.firstUs ??= packet.timeUs;
      this.#watcher.packet(packet);
    });
  }

  push(chunk: Uint8Array): readonly ReplayRecord[] {
    this.#reader.push(chunk);
    return this.#take();
  }

  end(): readonly ReplayRecord[] {
    this.#reader.end();
    if (this.#reader.fault !== undefined) this.#reading.notes.push(this.#reader.fault);
    this.#watcher.end();
    this.#echoes.end();
    const { lost } = this.#watcher;
    if (lost > 0) this.#reading.notes.push(`${lost} things were given up because there were too many.`);
    return this.#take();
  }

  #take(): readonly ReplayRecord[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #flow(flow: Flow, looked: string | undefined): ReplayRecord {
    const client = { address: formatAddress(flow.client.address), port: flow.client.port };
    const server = { address: formatAddress(flow.server.address), port: flow.server.port };
    const probe = probeOf(flow);
    if (probe !== undefined) {
      const scan: ScanObservation = {
        kind: 'scan',
        host: client.address,
        atUs: flow.lastUs,
        late: false,
        scan: probe,
        startUs: flow.firstUs,
        source: client.address,
        localAddress: server.address,
        localPort: server.port,
        ports: 1,
        packets: flow.client.packets,
        maybeEnd: probe === 'ack',
      };
      return observed(scan);
    }
    const name = flow.serverName ?? looked;
    return observed(
      seenByClient({
        id: `${this.#prefix}${flow.id}`,
        protocol: flow.protocol,
        firstUs: flow.firstUs,
        lastUs: flow.lastUs,
        client,
        server,
        clientBytes: flow.client.bytes,
        serverBytes: flow.server.bytes,
        clientPackets: flow.client.packets,
        serverPackets: flow.server.packets,
        outcome: outcomeOf(flow),
        ...(name !== undefined && {
          name: name.toLowerCase(),
          nameSource: flow.serverName === undefined ? 'dns' : 'sni',
        }),
      }),
    );
  }
}
