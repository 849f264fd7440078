import { randomBytes } from 'node:crypto';
import type { CloseName, LiveFrame, Watch } from '@foretop/proto';
import { type FleetTick, type HostLive, HostStatus, LiveSection } from '@foretop/proto/live';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AgentLink, createLiveHub, type LiveHub } from './hub.ts';

const { LIVE_SECTION_BANDWIDTH: bandwidth, LIVE_SECTION_CONNECTIONS: connections } = LiveSection;
const { LIVE_SECTION_PROCESSES: processes, LIVE_SECTION_INTERFACES: interfaces, LIVE_SECTION_DNS: dns } = LiveSection;

let hub: LiveHub;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_790_000_000_000 });
  hub = createLiveHub({ hashKey: randomBytes(16), log: pino({ level: 'silent' }) });
});

afterEach(() => {
  hub[Symbol.dispose]();
  vi.useRealTimers();
});

class FakeAgent implements AgentLink {
  readonly hostId: number;
  readonly watches: Watch[] = [];
  closedFor: CloseName | undefined;
  readonly offsetUs = 1_700_000_000_000_000;
  #sequence = 0;

  constructor(hostId: number) {
    this.hostId = hostId;
    hub.connected(this, { bootId: new Uint8Array(16), offsetUs: () => this.offsetUs });
    this.pulse();
  }

  watch(watch: Watch): void {
    this.watches.push(watch);
  }

  close(reason: CloseName): void {
    this.closedFor = reason;
  }

  pulse(rxRate = 1): void {
    hub.pulse(this.hostId, { boottimeUs: Date.now() * 1000 - this.offsetUs, rxRate });
  }

  frame(frame: LiveFrame): void {
    hub.frame(this.hostId, { sequence: ++this.#sequence, boottimeUs: 5, ...frame });
  }

  skip(): void {
    this.#sequence++;
  }
}

const row = (handle: number) => ({
  handle,
  cookie: handle,
  protocol: 6,
  state: 1,
  localAddress: Uint8Array.of(127, 0, 0, 1),
  localPort: 80,
});

const seconds = (count: number): void => void vi.advanceTimersByTime(count * 1000);

function watch(hostId: number, sections: LiveSection[], rateHz = 1): { updates: HostLive[]; leave: () => void } {
  const updates: HostLive[] = [];
  const watching = hub.watchHost(hostId, { sections, rateHz }, (update) => updates.push(update));
  return { updates, leave: () => watching[Symbol.dispose]() };
}

describe('a watched host', () => {
  it('sends its frames with absolute ids and times to a viewer, after status and history', () => {
    const agent = new FakeAgent(1);
    const { updates } = watch(1, [bandwidth, connections], 10);
    expect(agent.watches).toEqual([{ sections: [bandwidth, connections], rateHz: 10, ttlMs: 15_000, keyFrame: true }]);
    expect(updates[0]).toMatchObject({ hostId: 1, status: HostStatus.HOST_STATUS_LIVE, history: [{ rxRate: 1 }] });
    expect(updates[0]!.frame).toBeUndefined();
    agent.frame({ keyFrame: true, opened: [row(1)], hasConnections: true });
    agent.frame({ bandwidth: { rxRate: 5 } });
    expect(updates[1]!.frame).toMatchObject({ sequence: 1, keyFrame: true, hasConnections: true });
    expect(updates[1]!.frame!.opened![0]!.id).toMatch(/^1-[0-9a-f]{16}$/);
    expect(updates[1]!.timeUs).toBe(agent.offsetUs + 5);
    expect(updates[2]!.frame).toMatchObject({ sequence: 2, keyFrame: false, bandwidth: { rxRate: 5 } });
  });

  it('shows a viewer its own sections only', () => {
    const agent = new FakeAgent(1);
    const rates = watch(1, [bandwidth]);
    watch(1, [connections]);
    agent.frame({ keyFrame: true, opened: [row(1)], hasConnections: true });
    agent.frame({ closed: [1], hasConnections: true });
    agent.frame({ bandwidth: { rxRate: 5 } });
    const frames = rates.updates.flatMap((update) => update.frame ?? []);
    expect(frames.at(-1)).toMatchObject({ bandwidth: { rxRate: 5 } });
    expect(frames.every((frame) => !frame.opened?.length && !frame.closed?.length)).toBe(true);
  });

  it('holds so many rows over all hosts and no more, counts the others, and has the room again when nobody looks', () => {
    using small = createLiveHub({ hashKey: randomBytes(16), log: pino({ level: 'silent' }), mostRows: 5 });
    const link = (hostId: number) => ({ hostId, watch: () => undefined, close: () => undefined });
    const views = [1, 2].map((hostId) => {
      small.connected(link(hostId), { bootId: new Uint8Array(16), offsetUs: () => 0 });
      small.pulse(hostId, { boottimeUs: Date.now() * 1000 });
      const view = small.watchHost(hostId, { sections: [connections, processes], rateHz: 1 }, () => undefined);
      const started = [{ identity: { pid: 1, comm: 'init' } }];
      const opened = [row(1), row(2), row(3)];
      small.frame(hostId, { sequence: 1, keyFrame: true, opened, started, hasConnections: true, hasProcesses: true });
      return view;
    });
    expect(small.counters()).toMatchObject({ liveRows: 5, liveRowsRefusedTotal: 3, rowsRejectedTotal: 3 });
    small.frame(1, { sequence: 2, closed: [1, 2], opened: [row(4)] });
    expect(small.counters()).toMatchObject({ liveRows: 4, liveRowsRefusedTotal: 3 });
    views[0]![Symbol.dispose]();
    seconds(1);
    expect(small.counters()).toMatchObject({ liveRows: 1, hostsWatched: 1 });
    small.disconnected(link(2));
    views[1]![Symbol.dispose]();
    seconds(1);
    expect(small.counters()).toMatchObject({ hostsWatched: 0 });
  });

  it('relays DNS to who asked for it, and the last few to who comes later', () => {
    const agent = new FakeAgent(1);
    const asked = (name: string) => ({
      ...{ askedUs: 4, name, transport: 1, kind: 1, role: 1, peerAddress: Uint8Array.of(127, 0, 0, 53), peerPort: 53 },
    });
    const first = watch(1, [dns]);
    const other = watch(1, [bandwidth]);
    expect(agent.watches.at(-1)).toMatchObject({ sections: [bandwidth, dns] });
    agent.frame({ keyFrame: true, dns: [asked('a')] });
    agent.frame({ dns: [asked('b')], bandwidth: { rxRate: 1 } });
    const namesOf = ({ updates }: { updates: HostLive[] }) =>
      updates.flatMap((update) => update.frame?.dns ?? []).map(({ name }) => name);
    expect(namesOf(first)).toEqual(['a', 'b']);
    expect(namesOf(other)).toEqual([]);
    const { frame } = first.updates.at(-1)!;
    expect(frame).toMatchObject({ dns: [{ name: 'b', askedUs: agent.offsetUs + 4 }] });
    expect(frame).not.toHaveProperty('bandwidth');
    expect(namesOf(watch(1, [dns]))).toEqual(['a', 'b']);
  });

  it('gives a second viewer a key frame out of its own tables, in parts of bounded size', () => {
    const agent = new FakeAgent(1);
    watch(1, [connections]);
    for (let part = 0; part < 3; part++) {
      const opened = Array.from({ length: 3_000 }, (_, i) => row(part * 3_000 + i));
      agent.frame({ keyFrame: part === 0, opened, hasConnections: part === 2 });
    }
    const second = watch(1, [connections]);
    expect(agent.watches).toHaveLength(1);
    const frames = second.updates.flatMap((update) => update.frame ?? []);
    expect(frames.map((frame) => [frame.sequence, frame.keyFrame, frame.opened!.length, frame.hasConnections])).toEqual(
      [
        [1, true, 4_000, undefined],
        [2, false, 4_000, undefined],
        [3, false, 1_000, true],
      ],
    );
    agent.frame({ closed: [0], hasConnections: true });
    expect(second.updates.at(-1)!.frame).toMatchObject({ sequence: 4, closed: [0] });
  });

  it('asks the agent for a key frame when a viewer wants a section that nobody had', () => {
    const agent = new FakeAgent(1);
    watch(1, [connections]);
    agent.frame({ keyFrame: true, opened: [row(1)], hasConnections: true });
    const second = watch(1, [connections, processes]);
    expect(agent.watches.at(-1)).toMatchObject({ sections: [connections, processes], keyFrame: true });
    agent.frame({ opened: [row(2)], hasConnections: true });
    expect(second.updates.filter((update) => update.frame)).toEqual([]);
    agent.frame({ keyFrame: true, opened: [row(1), row(2)], hasConnections: true });
    agent.frame({ started: [{ identity: { pid: 9 } }], hasProcesses: true });
    const frames = second.updates.flatMap((update) => update.frame ?? []);
    expect(frames.map((frame) => [frame.keyFrame, frame.opened!.length, frame.started!.length])).toEqual([
      [true, 2, 0],
      [false, 0, 1],
    ]);
  });

  it('starts a viewer who came amid a key frame only when the tables are complete', () => {
    const agent = new FakeAgent(1);
    watch(1, [connections]);
    agent.frame({ keyFrame: true, opened: [row(1)] });
    const late = watch(1, [connections]);
    agent.frame({ opened: [row(2)], hasConnections: true });
    const frames = late.updates.flatMap((update) => update.frame ?? []);
    expect(frames).toMatchObject([{ keyFrame: true, hasConnections: true, opened: [{ handle: 1 }, { handle: 2 }] }]);
  });

  it('asks for a key frame after a jump, not for each frame that follows, and shows the bandwidth meanwhile', () => {
    const agent = new FakeAgent(1);
    const { updates } = watch(1, [bandwidth, connections]);
    agent.frame({ keyFrame: true, opened: [row(1)], hasConnections: true });
    seconds(3);
    agent.watches.length = 0;
    agent.skip();
    agent.frame({ opened: [row(2)], bandwidth: { rxRate: 7 } });
    agent.frame({ opened: [row(3)] });
    expect(agent.watches.filter((sent) => sent.keyFrame)).toHaveLength(1);
    expect(updates.at(-1)!.frame).toMatchObject({ bandwidth: { rxRate: 7 } });
    agent.frame({ keyFrame: true, opened: [row(3)], hasConnections: true });
    expect(updates.at(-1)!.frame).toMatchObject({ keyFrame: true, opened: [{ handle: 3 }] });
  });

  it('is renewed every 5 s and stopped when the last viewer leaves', () => {
    const agent = new FakeAgent(1);
    const first = watch(1, [bandwidth]);
    const second = watch(1, [bandwidth], 10);
    seconds(11);
    expect(agent.watches.map((sent) => [sent.rateHz, sent.keyFrame])).toEqual([
      [1, true],
      [10, false],
      [10, false],
      [10, false],
    ]);
    second.leave();
    expect(agent.watches.at(-1)).toMatchObject({ rateHz: 1 });
    first.leave();
    expect(agent.watches.at(-1)).toEqual({ sections: [], rateHz: 0, ttlMs: 0, keyFrame: false });
    seconds(30);
    expect(agent.watches).toHaveLength(6);
    expect(hub.counters()).toMatchObject({ hostsWatched: 0, hostViewers: 0 });
  });

  it('says when it goes stale, then offline, and goes on when the agent is back', () => {
    const agent = new FakeAgent(1);
    const { updates } = watch(1, [connections]);
    agent.frame({ keyFrame: true, opened: [row(1)], hasConnections: true });
    hub.disconnected(agent);
    updates.length = 0;
    seconds(62);
    expect(updates.map((update) => [update.status, update.frame])).toEqual([
      [HostStatus.HOST_STATUS_STALE, undefined],
      [HostStatus.HOST_STATUS_OFFLINE, undefined],
    ]);
    const back = new FakeAgent(1);
    expect(back.watches).toMatchObject([{ sections: [connections], keyFrame: true }]);
    back.frame({ keyFrame: true, opened: [row(5)], hasConnections: true });
    expect(updates.at(-1)!.frame).toMatchObject({ keyFrame: true, opened: [{ handle: 5 }] });
  });

  it('may be watched before its agent comes', () => {
    const { updates } = watch(1, [bandwidth]);
    expect(updates).toMatchObject([{ status: HostStatus.HOST_STATUS_OFFLINE, history: [] }]);
    seconds(20);
    expect(new FakeAgent(1).watches).toMatchObject([{ sections: [bandwidth], keyFrame: true }]);
  });

  it('that breaks the protocol is closed, and no other', () => {
    const [bad, good] = [new FakeAgent(1), new FakeAgent(2)];
    watch(1, [connections]);
    watch(2, [connections]);
    bad.frame({ keyFrame: true, updates: { handle: [1], state: [] } });
    good.frame({ keyFrame: true, hasConnections: true });
    expect([bad.closedFor, good.closedFor]).toEqual(['malformed-frame', undefined]);
    expect(hub.counters()).toMatchObject({ framesMalformedTotal: 1, framesTotal: 2 });
  });

  it('that nobody watches has its frames counted and left out', () => {
    new FakeAgent(1).frame({ keyFrame: true, opened: [row(1)] });
    expect(hub.counters()).toMatchObject({ framesTotal: 0, framesUnwantedTotal: 1 });
  });
});

describe('tables', () => {
  it('are answered from the key frame that a lease of 15 s brings, and at once while it lasts', async () => {
    const agent = new FakeAgent(1);
    const asked = hub.tables(1, [connections, interfaces], 2_000);
    expect(agent.watches).toMatchObject([{ sections: [connections, interfaces], rateHz: 1 }]);
    agent.frame({ keyFrame: true, opened: [row(1)], hasConnections: true });
    agent.frame({ interfaces: [{ name: 'eth0' }] });
    const tables = (await asked)!;
    expect([...tables.connections.keys()]).toEqual([1]);
    expect(tables).toMatchObject({ interfaces: [{ name: 'eth0' }], asOfUs: agent.offsetUs + 5 });
    expect(await hub.tables(1, [connections], 0)).toBeDefined();
    agent.pulse();
    seconds(16);
    expect(agent.watches.at(-1)).toMatchObject({ ttlMs: 0 });
  });

  it('are undefined when the agent does not answer, is not live, or goes away', async () => {
    expect(await hub.tables(1, [connections], 1_000)).toBeUndefined();
    const agent = new FakeAgent(1);
    const late = hub.tables(1, [connections], 1_000);
    seconds(1);
    expect(await late).toBeUndefined();
    const lost = hub.tables(1, [connections], 1_000);
    hub.disconnected(agent);
    expect(await lost).toBeUndefined();
  });

  it('that are older than a few seconds are waited for again', async () => {
    const agent = new FakeAgent(1);
    watch(1, [connections]);
    agent.frame({ keyFrame: true, hasConnections: true });
    for (let i = 0; i < 4; i++) {
      seconds(1);
      agent.pulse();
    }
    const asked = hub.tables(1, [connections], 1_000);
    agent.frame({ opened: [row(4)], hasConnections: true });
    expect([...(await asked)!.connections.keys()]).toEqual([4]);
  });
});

describe('the fleet', () => {
  it('is told once a second to whoever listens', () => {
    const ticks: FleetTick[] = [];
    const listening = hub.subscribeFleet((tick) => ticks.push(tick));
    const agent = new FakeAgent(1);
    seconds(1);
    seconds(1);
    agent.pulse(9);
    seconds(1);
    expect(ticks.map((tick) => [tick.hostId, tick.rxRate])).toEqual([
      [[1], [1]],
      [[], []],
      [[1], [9]],
    ]);
    listening[Symbol.dispose]();
    seconds(5);
    expect(ticks).toHaveLength(3);
    expect(hub.fleetTick()).toMatchObject({ complete: true, hostId: [1] });
  });

  it('closes a host by its id', () => {
    const agent = new FakeAgent(1);
    hub.closeHost(1, 'revoked');
    hub.closeHost(2, 'revoked');
    expect(agent.closedFor).toBe('revoked');
  });

  it('is not confused by the end of a connection that was replaced', () => {
    const old = new FakeAgent(1);
    watch(1, [bandwidth]);
    const newer = new FakeAgent(1);
    expect(newer.watches).toMatchObject([{ sections: [bandwidth], keyFrame: true }]);
    hub.disconnected(old);
    newer.pulse(3);
    expect(hub.lastPulse(1)!.pulse.rxRate).toBe(3);
    expect(hub.counters()).toMatchObject({ agentsConnected: 1, hostsLive: 1 });
  });
});
