// Every host's pulse and status: live, stale, offline or revoked, the last minute of rates, and the fleet view's columns.
import type { Pulse } from '@foretop/proto';
import type { HostStatusName } from '@foretop/proto/api';
import { type FleetTick, type HistorySample, HostStatus } from '@foretop/proto/live';
import type { KnownHost } from './hub.ts';

const staleAfterUs = 5_000_000;
const offlineAfterUs = 60_000_000;
/** At one pulse a second. */
const historySamples = 60;

interface HostState {
  hostId: number;
  status: HostStatusName;
  revoked: boolean;
  connected: boolean;
  /** Unix microseconds; 0 = never. */
  lastSeenUs: number;
  pulse: Pulse | undefined;
  history: HistorySample[];
  /** Something new since the last tick. */
  changed: boolean;
}

export interface StatusChange {
  hostId: number;
  status: HostStatusName;
}

const statusNumbers = {
  live: HostStatus.HOST_STATUS_LIVE,
  stale: HostStatus.HOST_STATUS_STALE,
  offline: HostStatus.HOST_STATUS_OFFLINE,
  revoked: HostStatus.HOST_STATUS_REVOKED,
} as const satisfies Record<HostStatusName, HostStatus>;

export const statusNumber = (status: HostStatusName): HostStatus => statusNumbers[status];

/** Times are passed in, Unix microseconds. */
export class Fleet {
  readonly #hosts = new Map<number, HostState>();
  #directoryVersion = 1;

  /** Hosts that are neither listed nor connected are forgotten. */
  setDirectory(hosts: readonly KnownHost[], nowUs: number): StatusChange[] {
    const listed = new Set(hosts.map((host) => host.hostId));
    let changed = false;
    for (const { hostId, connected } of this.#hosts.values()) {
      if (!listed.has(hostId) && !connected) changed = this.#hosts.delete(hostId) || changed;
    }
    for (const host of hosts) {
      const state = this.#hosts.get(host.hostId);
      changed ||= state === undefined || state.revoked !== host.revoked;
      const { revoked } = host;
      Object.assign(state ?? this.#add(host.hostId), {
        revoked,
        lastSeenUs: Math.max(host.lastSeenUs, state?.lastSeenUs ?? 0),
      });
    }
    if (changed) this.directoryChanged();
    return this.transitions(nowUs);
  }

  directoryChanged(): void {
    this.#directoryVersion++;
  }

  connected(hostId: number, nowUs: number): StatusChange[] {
    if (!this.#hosts.has(hostId)) this.directoryChanged();
    const state = this.#hosts.get(hostId) ?? this.#add(hostId);
    state.connected = true;
    state.revoked = false;
    state.lastSeenUs = nowUs;
    return this.#transition(state, nowUs);
  }

  disconnected(hostId: number): void {
    const state = this.#hosts.get(hostId);
    if (state) state.connected = false;
  }

  /** `timeUs` is when the host measured, by the collector's clock. Nothing of a host that is not connected. */
  pulse(hostId: number, pulse: Pulse, timeUs: number, nowUs: number): StatusChange[] {
    const state = this.#hosts.get(hostId);
    if (!state?.connected) return [];
    state.pulse = pulse;
    state.lastSeenUs = nowUs;
    state.changed = true;
    state.history.push({ timeUs, rxRate: pulse.rxRate ?? 0, txRate: pulse.txRate ?? 0 });
    if (state.history.length > historySamples) state.history.shift();
    return this.#transition(state, nowUs);
  }

  /** The hosts whose status changed by time alone since the last call. */
  transitions(nowUs: number): StatusChange[] {
    return [...this.#hosts.values()].flatMap((state) => this.#transition(state, nowUs));
  }

  status(hostId: number): HostStatusName {
    return this.#hosts.get(hostId)?.status ?? 'offline';
  }

  lastPulse(hostId: number): { pulse: Pulse; receivedUs: number } | undefined {
    const state = this.#hosts.get(hostId);
    if (!state?.pulse) return undefined;
    return { pulse: state.pulse, receivedUs: state.lastSeenUs };
  }

  /** The last 60 s, oldest first. */
  history(hostId: number, nowUs: number): HistorySample[] {
    const samples = this.#hosts.get(hostId)?.history ?? [];
    return samples.filter((sample) => (sample.timeUs ?? 0) > nowUs - offlineAfterUs);
  }

  complete(nowUs: number): FleetTick {
    const states = [...this.#hosts.values()];
    const minutes = states.map((state) => minuteOf(state.history, nowUs));
    return {
      ...this.#columns(states, nowUs, true),
      rxHistory: minutes.flatMap((minute) => minute.map((sample) => known(sample?.rxRate))),
      txHistory: minutes.flatMap((minute) => minute.map((sample) => known(sample?.txRate))),
    };
  }

  /** What is new since the last call. */
  changes(nowUs: number): FleetTick {
    const changed = [...this.#hosts.values()].filter((state) => state.changed);
    for (const state of changed) state.changed = false;
    return this.#columns(changed, nowUs, false);
  }

  counts(): { hostsLive: number; hostsStale: number; hostsOffline: number; hostsRevoked: number } {
    const counts = { live: 0, stale: 0, offline: 0, revoked: 0 };
    for (const { status } of this.#hosts.values()) counts[status]++;
    return {
      hostsLive: counts.live,
      hostsStale: counts.stale,
      hostsOffline: counts.offline,
      hostsRevoked: counts.revoked,
    };
  }

  #add(hostId: number): HostState {
    const state: HostState = {
      hostId,
      status: 'offline',
      revoked: false,
      connected: false,
      lastSeenUs: 0,
      pulse: undefined,
      history: [],
      changed: true,
    };
    this.#hosts.set(hostId, state);
    return state;
  }

  #transition(state: HostState, nowUs: number): StatusChange[] {
    const status = statusAt(state, nowUs);
    if (status === state.status) return [];
    Object.assign(state, { status, changed: true });
    // What an offline host last measured says nothing about now.
    if (status === 'offline' || status === 'revoked') Object.assign(state, { pulse: undefined, history: [] });
    return [{ hostId: state.hostId, status }];
  }

  #columns(states: readonly HostState[], nowUs: number, complete: boolean): FleetTick {
    const pulses = states.map((state) => state.pulse);
    return {
      timeUs: Math.round(nowUs),
      complete,
      directoryVersion: this.#directoryVersion,
      hostId: states.map((state) => state.hostId),
      status: states.map((state) => statusNumbers[state.status]),
      lastSeenUs: states.map((state) => Math.max(0, Math.round(state.lastSeenUs))),
      rxRate: pulses.map((pulse) => pulse?.rxRate ?? 0),
      txRate: pulses.map((pulse) => pulse?.txRate ?? 0),
      connections: pulses.map((pulse) => pulse?.connections ?? 0),
      cpuPermille: pulses.map((pulse) => pulse?.cpuPermille ?? 0),
      memoryUsedBytes: pulses.map((pulse) => pulse?.memoryUsedBytes ?? 0),
      memoryTotalBytes: pulses.map((pulse) => pulse?.memoryTotalBytes ?? 0),
      eventsLost: pulses.map((pulse) => pulse?.eventsLost ?? 0),
      givenUp: pulses.map((pulse) => pulse?.givenUp ?? 0),
      coveragePermille: pulses.map((pulse) => (pulse?.hasCoverage ? (pulse.coveragePermille ?? 0) + 1 : 0)),
    };
  }
}

/** One entry for each of the last 60 seconds, oldest first; undefined = no pulse in that second. */
function minuteOf(history: readonly HistorySample[], nowUs: number): (HistorySample | undefined)[] {
  const minute: (HistorySample | undefined)[] = Array.from({ length: historySamples });
  for (const sample of history) {
    const secondsAgo = Math.floor((nowUs - (sample.timeUs ?? 0)) / 1_000_000);
    if (secondsAgo >= 0 && secondsAgo < historySamples) minute[historySamples - 1 - secondsAgo] = sample;
  }
  return minute;
}

const known = (rate: number | null | undefined) => (rate === undefined || rate === null ? 0 : rate + 1);

/** A host that only was heard before this collector started has no pulse yet: it is stale at best. */
function statusAt(state: HostState, nowUs: number): HostStatusName {
  if (state.revoked) return 'revoked';
  const silentUs = nowUs - state.lastSeenUs;
  if (silentUs <= staleAfterUs && (state.connected || state.pulse)) return 'live';
  return silentUs <= offlineAfterUs ? 'stale' : 'offline';
}
