// Who knocked where nobody answered: probes of one source gathered into scans of many ports or of many hosts.
import { ScanKind } from '@foretop/proto';

export interface Probe {
  kind: ScanKind;
  source: string;
  destination: string;
  port: number;
  packets: number;
  firstUs: number;
  lastUs: number;
}

/** Many ports of one destination, or one port of many destinations. */
export interface Scan {
  kind: ScanKind;
  source: string;
  /** At most 64 of them, in the order of their first probe. */
  destinations: string[];
  destinationCount: number;
  ports: number[];
  portCount: number;
  packets: number;
  firstUs: number;
  lastUs: number;
}

interface Source {
  kind: ScanKind;
  source: string;
  /** By destination and port. */
  probes: Map<string, Probe>;
}

const maxSources = 4_096;
const maxProbes = 262_144;
const maxListed = 64;

/** From how many targets on it is a scan. Packets that no honest program sends need fewer than failed connections. */
const thresholds = new Map<ScanKind, number>([
  [ScanKind.SCAN_KIND_SYN, 5],
  [ScanKind.SCAN_KIND_UDP, 5],
]);
const otherThreshold = 3;

export class ScanTracker {
  readonly #sources = new Map<string, Source>();
  #probes = 0;
  /** Probes that were not kept. */
  dropped = 0;

  add(probe: Probe): void {
    const key = `${probe.kind}/${probe.source}`;
    const source = this.#sources.get(key) ?? this.#open(key, probe);
    const target = `${probe.destination}/${probe.port}`;
    const known = source?.probes.get(target);
    if (known) merge(known, probe);
    else if (!source || this.#probes >= maxProbes) this.dropped++;
    else {
      this.#probes++;
      source.probes.set(target, { ...probe });
    }
  }

  scans(): Scan[] {
    return [...this.#sources.values()].flatMap(scansOf).toSorted((a, b) => a.firstUs - b.firstUs);
  }

  #open(key: string, { kind, source }: Probe): Source | undefined {
    if (this.#sources.size >= maxSources) return undefined;
    const opened: Source = { kind, source, probes: new Map() };
    this.#sources.set(key, opened);
    return opened;
  }
}

function merge(known: Probe, { packets, firstUs, lastUs }: Probe): void {
  known.packets += packets;
  known.firstUs = Math.min(known.firstUs, firstUs);
  known.lastUs = Math.max(known.lastUs, lastUs);
}

function scansOf({ kind, probes }: Source): Scan[] {
  const threshold = thresholds.get(kind) ?? otherThreshold;
  const byDestination = Map.groupBy(probes.values(), ({ destination }) => destination);
  const vertical = [...byDestination.values()].filter((group) => group.length >= threshold);
  const rest = [...byDestination.values()].filter((group) => group.length < threshold).flat();
  const horizontal = [...Map.groupBy(rest, ({ port }) => port).values()].filter((group) => group.length >= threshold);
  return [...vertical, ...horizontal].map(summarise);
}

function summarise(probes: Probe[]): Scan {
  const destinations = new Set(probes.map(({ destination }) => destination));
  const ports = new Set(probes.map(({ port }) => port));
  const total = { ...probes[0]! };
  for (const probe of probes.slice(1)) merge(total, probe);
  return {
    kind: total.kind,
    source: total.source,
    destinations: [...destinations].slice(0, maxListed),
    destinationCount: destinations.size,
    ports: [...ports].slice(0, maxListed),
    portCount: ports.size,
    packets: total.packets,
    firstUs: total.firstUs,
    lastUs: total.lastUs,
  };
}
