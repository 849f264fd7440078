// A capture's packets turned into the events of `foretop-agent replay`.
import type { CapturedPacket } from '../pcap/capture-format.ts';
import { ScanTracker } from '../scan/scan-tracker.ts';
import { CaptureWatcher } from './capture-watcher.ts';
import { connectionEvent, dnsEvent, type ReplayEvent, scanEvent, sniEvent } from './events.ts';
import type { Flow } from './flow.ts';
import { probeOf } from './probes.ts';

export class Replayer {
  readonly #emit: (event: ReplayEvent) => void;
  readonly #scans = new ScanTracker();
  readonly #watcher: CaptureWatcher;

  constructor(emit: (event: ReplayEvent) => void) {
    this.#emit = emit;
    this.#watcher = new CaptureWatcher({
      flow: (flow, looked) => this.#ended(flow, looked),
      dns: (exchange) => emit(dnsEvent(exchange)),
      sni: (hello) => {
        const event = sniEvent(hello);
        if (event) emit(event);
      },
      unknownLink: (linkType) =>
        emit({ kind: 'error', message: `Packets of the link type ${linkType} cannot be read, or are cut short.` }),
    });
  }

  packet(packet: CapturedPacket): void {
    this.#watcher.packet(packet);
  }

  /** Gives out what is still open. */
  end(): void {
    this.#watcher.end();
    for (const scan of this.#scans.scans()) this.#emit(scanEvent(scan));
    const lost = this.#watcher.lost + this.#scans.dropped;
    if (lost > 0) this.#emit({ kind: 'error', message: `${lost} things were given up because there were too many.` });
  }

  #ended(flow: Flow, looked: string | undefined): void {
    const probe = probeOf(flow);
    if (probe) this.#scans.add(probe);
    this.#emit(connectionEvent(flow, looked));
  }
}
