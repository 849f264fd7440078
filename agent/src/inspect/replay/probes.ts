// Which flows of a capture are probes of closed ports.
import { formatAddress, ScanKind } from '@foretop/proto';
import { tcpFlags } from '../packet/transport.ts';
import type { Probe } from '../scan/scan-tracker.ts';
import type { Flow } from './flow.ts';

const xmas = tcpFlags.fin | tcpFlags.psh | tcpFlags.urg;

/** @returns undefined when somebody answered, or nothing says that nobody did. */
export function probeOf(flow: Flow): Probe | undefined {
  const kind = kindOf(flow);
  if (kind === undefined) return undefined;
  return {
    kind,
    source: formatAddress(flow.client.address),
    destination: formatAddress(flow.server.address),
    port: flow.server.port,
    packets: flow.client.packets,
    firstUs: flow.firstUs,
    lastUs: flow.lastUs,
  };
}

function kindOf(flow: Flow): ScanKind | undefined {
  const { state } = flow;
  if (flow.protocol === 17) return state === 'rejected' ? ScanKind.SCAN_KIND_UDP : undefined;
  if (state === 'attempted' || state === 'rejected') return ScanKind.SCAN_KIND_SYN;
  if (state !== 'probed') return undefined;
  if (flow.firstFlags === tcpFlags.fin) return ScanKind.SCAN_KIND_FIN;
  if (flow.firstFlags === 0) return ScanKind.SCAN_KIND_NULL;
  return flow.firstFlags === xmas ? ScanKind.SCAN_KIND_XMAS : undefined;
}
