// A connection as the kernel engine tells of it: made out of a flow, and counted by one.
import { Direction } from '@foretop/proto';
import type { FlowReading } from '../host/engine.ts';
import { createSocketMessage } from '../host/linux/sock-message.ts';
import { TCP_ESTABLISHED, TCP_SYN_SENT } from '../host/tcp-payload.ts';
import { type ConnectionRecord, countPayload, createConnection, type FlowCount } from './connection.ts';
import { sharedAddress } from './shared-address.ts';

/** No dump has shown it, so it has neither inode nor kind. */
const NO_KIND = -1;

/** `firstKnown`: it was there when the engine first looked. */
export function createFlowConnection(flow: FlowReading, handle: number, firstKnown: boolean): ConnectionRecord {
  const record = createConnection(emptyMessage, { handle, kind: NO_KIND, startedUs: flow.firstUs, firstKnown });
  record.cookie = flow.cookie;
  record.protocol = flow.protocol;
  record.localAddress = sharedAddress(flow.localAddress());
  record.localPort = flow.localPort;
  record.remoteAddress = sharedAddress(flow.remoteAddress());
  record.remotePort = flow.remotePort;
  record.remoteWord = lastWord(record.remoteAddress);
  record.state = flow.protocol === 6 && flow.role === 'active' && flow.rxPackets === 0 ? TCP_SYN_SENT : TCP_ESTABLISHED;
  record.opener = flow.role;
  record.direction = directionOfFlow(flow);
  return record;
}

/**
 * The counters by which the engine's readings become totals; made at the first reading. `dumped`: the totals of a connection
 * that is older are of just now, so that they hold what the engine has read.
 */
export function joinFlow(record: ConnectionRecord, flow: FlowReading, dumped: boolean): FlowCount {
  if (record.flow) return record.flow;
  const older = record.startedBefore;
  return (record.flow = {
    rxBase: older ? Math.max(0, (record.rxBytes ?? 0) - (dumped ? flow.rxBytes : 0)) : 0,
    txBase: older ? Math.max(0, (record.txBytes ?? 0) - (dumped ? flow.txBytes : 0)) : 0,
    rxPacketsBase: older ? (record.rxPackets ?? 0) : 0,
    txPacketsBase: older ? (record.txPackets ?? 0) : 0,
    ...{ rxRead: 0, txRead: 0, rxPacketsRead: 0, txPacketsRead: 0, ipRead: 0, lastUs: flow.lastUs, reading: 0 },
    ...{ rxDumped: undefined, txDumped: undefined },
  });
}

/** Takes in a reading. `baseline`: it passed before anybody looked. */
export function applyFlow(record: ConnectionRecord, flow: FlowReading, elapsedUs: number, baseline: boolean): void {
  const count = record.flow!;
  count.rxRead = flow.rxBytes;
  count.txRead = flow.txBytes;
  count.rxPacketsRead = flow.rxPackets;
  count.txPacketsRead = flow.txPackets;
  count.lastUs = flow.lastUs;
  countPayload(record, count.rxBase + flow.rxBytes, count.txBase + flow.txBytes, elapsedUs, baseline);
  record.rxPackets = Math.max(record.rxPackets ?? 0, count.rxPacketsBase + flow.rxPackets);
  record.txPackets = Math.max(record.txPackets ?? 0, count.txPacketsBase + flow.txPackets);
  if (flow.rttUs) record.rttUs = flow.rttUs;
  if (flow.retransmissions !== undefined)
    record.retransmissions = Math.max(record.retransmissions ?? 0, flow.retransmissions);
}

/** The engine let go of a flow whose socket stands: when it sees it again, it counts from zero. */
export function rebaseFlow(count: FlowCount): void {
  count.rxBase += count.rxRead;
  count.txBase += count.txRead;
  count.rxPacketsBase += count.rxPacketsRead;
  count.txPacketsBase += count.txPacketsRead;
  count.rxRead = count.txRead = count.rxPacketsRead = count.txPacketsRead = count.ipRead = 0;
}

const emptyMessage = createSocketMessage();

/** As it lies in memory, to compare with a dump's. */
function lastWord(address: Uint8Array): number {
  const at = address.length - 4;
  return (address[at]! | (address[at + 1]! << 8) | (address[at + 2]! << 16) | (address[at + 3]! << 24)) >>> 0;
}

/** Of UDP that was seen in the middle, the side with the lower port is taken for the one that was asked. */
function directionOfFlow(flow: FlowReading): Direction {
  if (flow.role === 'active') return Direction.DIRECTION_OUTBOUND;
  if (flow.role === 'passive') return Direction.DIRECTION_INBOUND;
  if (flow.protocol === 6) return Direction.DIRECTION_UNKNOWN;
  return flow.localPort < flow.remotePort ? Direction.DIRECTION_INBOUND : Direction.DIRECTION_OUTBOUND;
}
