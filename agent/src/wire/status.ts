// What the agent says of itself in status.json, and as text for `foretop-agent status`.
import { readFileSync } from 'node:fs';
import { closeReasons, type HostPolicy, type Source } from '@foretop/proto';
import type { ConnectionState } from './connector.ts';
import { replaceFile } from './data-directory.ts';
import type { SpoolCounters } from './spool.ts';

export interface AgentStatus {
  version: string;
  pid: number;
  hostName: string;
  startedAt: string;
  writtenAt: string;
  collector: string;
  collectorId: string;
  hostId: number | null;
  connection: ConnectionState;
  lastAcknowledgedAt: string | null;
  /** Which process talks to the network; absent from agents of before. */
  network?: NetworkStatus;
  policy?: HostPolicy;
  tier: number;
  scope: string;
  sources: { name: string; available: boolean; reason: string; remedy: string }[];
  spool: SpoolCounters & { maxBytes: number };
  lostRows: number;
  /** News of the kernel that were dropped before the agent read them. */
  eventsLost: number;
  /** Of the kernel engine's maps; null = there is none. */
  kernelEntries: { flows: number; owners: number } | null;
  /** Of the last minute; null = unknown. */
  coveragePermille: number | null;
  /** What the budget took. */
  givenUp: string[];
  connections: number;
  /** Open ones beyond what the memory allows. */
  leftOut?: number;
  processes: number;
}

export interface NetworkStatus {
  /** Whether it is one without rights. */
  split: boolean;
  why: string;
  /** null while there is none: the agent itself talks to the network, or nothing does. */
  worker: { pid: number; user: number; seesData: boolean } | null;
}

/** A source with every field filled in. */
export function sourceStatus({ name, available, reason, remedy }: Source): AgentStatus['sources'][number] {
  return { name: name ?? '', available: available ?? false, reason: reason ?? '', remedy: remedy ?? '' };
}

const tierNames: Record<number, string> = { 1: 'eBPF', 2: 'netlink', 3: 'unprivileged', 4: 'portable' };
/** It is written every few seconds; older than this, the agent does not run any more. */
const staleMs = 30_000;

export function writeStatus(path: string, status: AgentStatus): void {
  replaceFile(path, `${JSON.stringify(status, null, 2)}\n`, false);
}

/** Throws when there is none or it cannot be read. */
export function readStatus(path: string): AgentStatus {
  return JSON.parse(readFileSync(path, 'utf8')) as AgentStatus;
}

/** Aligned text for a terminal; `more` stands below. */
export function formatStatus(status: AgentStatus, nowMs: number, more: readonly [string, string][] = []): string {
  const ageMs = nowMs - Date.parse(status.writtenAt);
  const { spool, tier } = status;
  const rows: [string, string][] = [
    ['Agent', agentText(status, ageMs, nowMs)],
    ['Collector', `${status.collector}, ${ageMs > staleMs ? 'last known: ' : ''}${connectionText(status.connection)}`],
    ...(status.network ? [['Network', networkText(status.network)] as [string, string]] : []),
    ['Enrolled', status.hostId === null ? 'not yet confirmed by the collector' : `as host ${status.hostId}`],
    ['Tier', `${tier} of 4, ${tierNames[tier] ?? 'unknown'} (1 sees most); scope: ${status.scope}`],
    ...status.sources.map(sourceRow),
    ['Seen', seenText(status)],
    ...(status.givenUp?.length > 0 ? [['Given up', status.givenUp.join(', ')] as [string, string]] : []),
    ['Spool', spoolText(spool)],
    ['Lost', lostText(status)],
    [
      'Acknowledged',
      status.lastAcknowledgedAt ? agoText(nowMs - Date.parse(status.lastAcknowledgedAt)) : 'nothing yet',
    ],
    ...more,
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `${name.padEnd(width)}${text}`).join('\n');
}

function agentText(
  { version, pid, hostName, startedAt, connection }: AgentStatus,
  ageMs: number,
  nowMs: number,
): string {
  const name = `${version} on ${hostName}`;
  const hasEnded = connection.state === 'stopped' || connection.state === 'refused';
  if (hasEnded || ageMs > staleMs) return `${name}, not running (last sign ${agoText(ageMs)})`;
  return `${name}, process ${pid}, running for ${spanText(nowMs - Date.parse(startedAt))}`;
}

function connectionText(connection: ConnectionState): string {
  switch (connection.state) {
    case 'waiting':
      return `not connected: ${connection.reason}`;
    case 'refused':
      return `refused: ${closeReasons[connection.close].text}`;
    case 'connecting':
    case 'connected':
    case 'stopped':
      return connection.state;
    default:
      return connection satisfies never;
  }
}

function networkText({ split, why, worker }: NetworkStatus): string {
  if (!split) return `by the agent itself, with all its rights: ${why}`;
  if (worker === null) return `by a process without rights, which does not run now (${why})`;
  const files = worker.seesData ? '; this kernel lets it read the data directory' : '';
  return `by process ${worker.pid} without rights, as user ${worker.user} (${why})${files}`;
}

function sourceRow({ name, available, reason, remedy }: AgentStatus['sources'][number]): [string, string] {
  const state = available ? (reason ? 'limited' : 'yes') : 'no';
  const why = [reason, remedy && `to raise it: ${remedy}`].filter(Boolean).join('; ');
  return [`  ${name}`, why ? `${state.padEnd(8)}${why}` : state];
}

function spoolText({ batches, bytes, maxBytes, memoryBatches }: AgentStatus['spool']): string {
  const held = memoryBatches > 0 ? `; the disk takes no more, ${memoryBatches} are held in memory` : '';
  return `${batches} batches to send, ${megabytes(bytes)} of ${megabytes(maxBytes)} MB used${held}`;
}

function seenText(status: AgentStatus): string {
  const { connections, leftOut = 0, processes } = status;
  const beyond = leftOut > 0 ? ` (${leftOut} more than memory allows are told of when they end)` : '';
  return `${connections} connections${beyond}, ${processes} processes${coverageText(status)}`;
}

function coverageText({ coveragePermille }: AgentStatus): string {
  return typeof coveragePermille === 'number' ? `, ${coveragePermille / 10} % of the bytes of the last minute` : '';
}

function lostText({ spool, lostRows, eventsLost = 0 }: AgentStatus): string {
  if (spool.droppedBatches === 0 && lostRows === 0 && eventsLost === 0) return 'nothing since the start';
  const dropped = `${spool.droppedBatches} batches (${spool.droppedRows} rows) dropped from the spool`;
  return `${dropped}, ${lostRows} rows above the cap, ${eventsLost} events of the kernel`;
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
const agoText = (ms: number) => `${spanText(ms)} ago`;

function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
