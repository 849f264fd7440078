// Scan evidence on its way to the collector: one row a source, kind and port, and one for all ports of a source beyond a bound.
import type { ScanEvidence } from '@foretop/proto';
import type { Tick } from '../collect/tick.ts';
import type { ScanReading } from '../host/engine.ts';

export interface ScanRecords {
  observe(tick: Tick): void;
  /** The rows since the last flush. */
  take(): ScanRow[];
}

export type ScanRow = { [Field in Exclude<keyof ScanEvidence, '$unknowns'>]-?: NonNullable<ScanEvidence[Field]> };

/** Ports of one source, address and kind that have rows of their own in one flush. */
const portsMax = 16;
/** Sources in one flush; packets of more, as a flood with forged sources has, are told under the address 0.0.0.0 or ::. */
const sourcesMax = 1_024;
/** Ports of one source that are told apart for their number. */
const countedPortsMax = 65_536;

interface Source {
  ports: Map<number, ScanRow>;
}

export function createScanRecords(): ScanRecords {
  let sources = new Map<string, Source>();

  function note(scan: ScanReading): void {
    let sourceAddress = scan.sourceAddress;
    let key = keyOf(scan, sourceAddress);
    if (!sources.has(key) && sources.size >= sourcesMax) {
      sourceAddress = new Uint8Array(sourceAddress.length);
      key = keyOf(scan, sourceAddress);
    }
    let source = sources.get(key);
    if (!source) sources.set(key, (source = { ports: new Map() }));
    const row = source.ports.get(scan.localPort);
    if (row) add(row, scan);
    else if (source.ports.size < countedPortsMax) source.ports.set(scan.localPort, rowOf({ ...scan, sourceAddress }));
  }

  return {
    observe: (tick) => tick.scans?.forEach(note),
    take() {
      const rows = [...sources.values()].flatMap(({ ports }) => foldPorts([...ports.values()]));
      sources = new Map();
      return rows;
    },
  };
}

function foldPorts(rows: ScanRow[]): ScanRow[] {
  if (rows.length <= portsMax) return rows;
  const sum = { ...rows[0]!, localPort: 0, ports: rows.length, packets: 0 };
  for (const row of rows) add(sum, row);
  return [sum];
}

function add(row: ScanRow, more: { packets: number } & ({ firstUs: number; lastUs: number } | ScanRow)): void {
  row.packets += more.packets;
  row.startUs = Math.min(row.startUs, 'firstUs' in more ? more.firstUs : more.startUs);
  row.endUs = Math.max(row.endUs, 'lastUs' in more ? more.lastUs : more.endUs);
}

function rowOf({ kind, sourceAddress, localAddress, localPort, packets, firstUs, lastUs }: ScanReading): ScanRow {
  return { kind, sourceAddress, localAddress, localPort, packets, ports: 1, startUs: firstUs, endUs: lastUs };
}

function keyOf({ kind, localAddress }: ScanReading, sourceAddress: Uint8Array): string {
  return `${kind} ${sourceAddress.join('.')} ${localAddress.join('.')}`;
}
