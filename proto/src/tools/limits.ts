// Bounds of the tools that both ends keep: sizes on the wire, and how long each tool may take.
import { portsOf } from './ports.ts';
import type { ToolRequest } from './parameters.ts';

export const toolLimits = {
  /** JSON of a request's parameters, bytes. */
  parametersBytes: 4_096,
  /** JSON of one event, bytes. */
  eventBytes: 16_384,
  /** Events of one ToolOutput, and as much again of packets, bytes. */
  outputBytes: 65_536,
  /** Events of one run; a scan of many ports names only those that are open. */
  events: 10_000,
  /** Ports of a scan up to which each has its own event. */
  portsTold: 1_024,
  /** Probes a second of one scan, whatever was asked for. */
  scanRate: 500,
  /** Scans by UDP: ports that are asked once more, slowly, since most hosts send one ICMP error a second. */
  udpSlowPorts: 1_000,
  /** From when a watch was accepted, seconds. */
  watchSeconds: 90 * 86_400,
} as const;

/**
 * What a host's part of a capture may send in all, bytes. `maxBytes` is of all that it sends, pcapng and seal included; the head and
 * the end of the file are sent even where there is no room for a packet.
 */
export const mostCaptureBytes = (maxBytes: number): number => maxBytes + 65_536;

/** Answers to the last attempt, name look-ups, and a busy host. */
const slackSeconds = 15;
const mostScanSeconds = 3_600;

/** How long this request may take on the host, seconds: then the host ends it, with outcome 'limit'. */
export function toolSeconds({ tool, parameters }: ToolRequest): number {
  switch (tool) {
    case 'ping':
      return Math.ceil((parameters.count * parameters.intervalMs) / 1_000) + slackSeconds;
    case 'trace':
      return 180;
    case 'dns':
      return 15 + 15 * parameters.types.length;
    case 'scan': {
      // Silence is asked twice.
      const ports = portsOf(parameters.ports).length;
      const seconds = (2 * ports) / Math.min(parameters.rate, toolLimits.scanRate);
      const slowly = parameters.method === 'udp' ? Math.min(ports, toolLimits.udpSlowPorts) * 1.1 : 0;
      return Math.min(mostScanSeconds, Math.ceil(seconds + slowly) + slackSeconds * 2);
    }
    case 'certificate':
      return 45;
    case 'http':
      return 60;
    case 'watch':
      return slackSeconds;
    case 'capture':
      return parameters.maxSeconds + slackSeconds;
    default:
      return tool satisfies never;
  }
}
