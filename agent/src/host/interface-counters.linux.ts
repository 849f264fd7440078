// The kernel's counters of every network interface, by one positioned read of /proc/net/dev.
import { RereadFile } from './linux/procfs.ts';

export interface InterfaceCounters {
  name: string;
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDrops: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDrops: number;
}

export interface InterfaceCountersReader extends Disposable {
  /** Throws HostError. */
  read(): InterfaceCounters[];
}

export function openInterfaceCounters(path = '/proc/net/dev'): InterfaceCountersReader {
  const file = new RereadFile(path);
  return {
    read: () => parseInterfaceCounters(file.read().toString('latin1')),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

/** Two header lines, then `name: ` and 16 columns: 8 received, 8 transmitted (net/core/net-procfs.c). Other lines are passed over. */
export function parseInterfaceCounters(text: string): InterfaceCounters[] {
  const interfaces: InterfaceCounters[] = [];
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const columns = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    if (columns.length < 16 || columns.some(Number.isNaN)) continue;
    interfaces.push({
      name: line.slice(0, colon).trim(),
      rxBytes: columns[0]!,
      rxPackets: columns[1]!,
      rxErrors: columns[2]!,
      rxDrops: columns[3]!,
      txBytes: columns[8]!,
      txPackets: columns[9]!,
      txErrors: columns[10]!,
      txDrops: columns[11]!,
    });
  }
  return interfaces;
}
