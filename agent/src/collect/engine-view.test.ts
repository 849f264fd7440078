// The kernel engine at work, with a made-up kernel: what is read when, what waits in the kernel, and what a flood leaves behind.
import { OwnerRule } from '@foretop/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRecorder, type Recorder } from '../frame/recorder.ts';
import type { EngineEvents, FlowReading, KernelEngine } from '../host/engine.ts';
import { relieveMemory } from '../host/memory-trim.linux.ts';
import { bootId, tick } from '../../test/synthetic-ticks.ts';
import { EngineView } from './engine-view.ts';
import { Inspection } from './inspection.ts';
import { OpenConnections } from './open-connections.ts';

const SECOND = 1_000_000;
const server = Uint8Array.of(10, 0, 0, 2);
const owner = { pid: 7, comm: 'server', uid: 0, rule: OwnerRule.OWNER_RULE_CONNECT };

/** Ended flows wait here as they do in the kernel; `open` ones are visited by every reading. */
class MadeUpKernel implements KernelEngine {
  readonly features = [];
  readings = 0;
  ports = 0;
  waiting = 0;
  open: FlowReading[] = [];
  /** CPU time that a reading takes. */
  readMs = 0;
  #cookie = 1_000_000;
  readonly #flow = (cookie: number, nowUs: number): FlowReading => ({
    ...{ cookie, protocol: 6, localPort: 20_000 + (cookie % 40_000), remotePort: 443, role: 'active' },
    ...{ firstUs: nowUs, lastUs: nowUs, rxBytes: 100, txBytes: 10, rxPackets: 3, txPackets: 3, rxIpBytes: 300 },
    ...{ txIpBytes: 300, rttUs: 50, retransmissions: 0 },
    localAddress: () => Uint8Array.of(10, 0, 0, 1),
    remoteAddress: () => server.slice(),
    owner: () => owner,
  });
  nowUs = 0;

  readFlows(visit: (flow: FlowReading) => void): void {
    this.readings++;
    const before = process.threadCpuUsage();
    for (const flow of this.open) visit(flow);
    while (spentMs(before) < this.readMs);
  }
  readNewFlows(visit: (flow: FlowReading) => void): void {
    for (const flow of this.open) if (flow.firstUs >= this.nowUs - SECOND) visit(flow);
  }
  drain({ closed, hasRoom = () => true }: EngineEvents): number {
    let taken = 0;
    for (; this.waiting > 0 && hasRoom(); taken++, this.waiting--) closed(this.#flow(++this.#cookie, this.nowUs));
    return taken;
  }
  flowOf(cookie: number): FlowReading {
    return this.#flow(cookie, this.nowUs);
  }
  ringFill = () => 0;
  readScans = () => undefined;
  listeningPorts = () => this.ports;
  ownerOf = () => undefined;
  cookies = () => undefined;
  forget = () => undefined;
  capture = () => undefined;
  counters = () => ({
    ...{ eventsLost: 0, flowsRefused: 0, ownersRefused: 0, scansRefused: 0, flows: 0, owners: 0 },
    ...{ otherRxIpBytes: 0, otherTxIpBytes: 0 },
  });
  [Symbol.dispose](): void {}
}

function spentMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e3;
}

let kernel: MadeUpKernel;
let all: OpenConnections;
let view: EngineView;

function open(maximum?: number): void {
  kernel = new MadeUpKernel();
  all = new OpenConnections(maximum);
  const inspection = new Inspection(all);
  view = new EngineView({ engine: kernel, all, inspection, boottimeUs: () => kernel.nowUs, isOwn: () => true });
}

beforeEach(() => open());
afterEach(() => view[Symbol.dispose]());

function look(watched = false): boolean {
  kernel.nowUs += SECOND;
  view.drain();
  return view.look(kernel.nowUs, kernel.nowUs - SECOND, watched);
}

describe('flows', () => {
  it('are read with each look while that costs little', () => {
    const read = Array.from({ length: 5 }, () => look());
    expect(read).toEqual([true, true, true, true, true]);
  });

  it('are read as rarely as it costs while nobody watches, and rates count over that time', () => {
    kernel.readMs = 8;
    kernel.open = [kernel.flowOf(1)];
    for (let readings = 0; readings < 3;) if (look()) readings++;
    const read = Array.from({ length: 12 }, () => look());
    expect(read.filter(Boolean).length).toBeLessThanOrEqual(4);
    kernel.open = [{ ...kernel.flowOf(1), rxBytes: 100 + 6_000 }];
    while (!look());
    expect(view.readSpanUs).toBeGreaterThanOrEqual(3 * SECOND);
    const [record] = all.byHandle.values();
    expect(record!.rxRate).toBeCloseTo(6_000 / (view.readSpanUs / SECOND));
    expect([look(true), look(true)]).toEqual([true, true]);
  });

  it('that begin and end between two looks are known at a glance, and told by the next look', () => {
    kernel.open = [kernel.flowOf(1)];
    look();
    view.take(kernel.nowUs);
    const handles = () => [...all.byHandle.keys()];
    const before = handles();
    kernel.nowUs += SECOND / 4;
    kernel.open = [kernel.flowOf(1), kernel.flowOf(2)];
    view.glance(kernel.nowUs);
    const [, second] = handles();
    expect([before, handles()]).toEqual([[1], [1, second]]);
    expect(all.byHandle.get(second!)).toMatchObject({ cookie: 2, pid: 7, rxBytes: 100 });
    view.glance(kernel.nowUs);
    expect(handles()).toHaveLength(2);
    look();
    expect(view.take(kernel.nowUs).opened.map(({ cookie }) => cookie)).toEqual([2]);
    expect(all.byHandle.get(second!)!.rxBytes).toBe(100);
  });

  it('beyond what the tables may hold are left out, none is lost, and they take their place when there is room', () => {
    view[Symbol.dispose]();
    open(10);
    kernel.open = Array.from({ length: 15 }, (_, index) => kernel.flowOf(index + 1));
    look(true);
    look(true);
    expect([all.byHandle.size, view.leftOut, view.eventsLost]).toEqual([10, 5, 0]);
    const [first] = all.byHandle.values();
    all.byHandle.delete(first!.handle);
    look(true);
    expect([all.byHandle.size, view.leftOut, view.eventsLost]).toEqual([10, 4, 0]);
  });

  it('are not taken in while memory is short, but told of when they end', () => {
    kernel.open = Array.from({ length: 6_000 }, (_, index) => kernel.flowOf(index + 1));
    look(true);
    view.take(kernel.nowUs);
    all.squeeze();
    kernel.open.push(...Array.from({ length: 100 }, (_, index) => kernel.flowOf(10_000 + index)));
    kernel.waiting = 7;
    look(true);
    expect([all.byHandle.size, view.leftOut, view.take(kernel.nowUs).closed.length]).toEqual([6_000, 100, 7]);
    all.release();
    look(true);
    expect([all.byHandle.size, view.leftOut, view.eventsLost]).toEqual([6_100, 0, 0]);
  });
});

it('asks for a dump when something listens at another port', () => {
  expect(view.listenersChanged()).toBe(false);
  kernel.ports = 5;
  expect([view.listenersChanged(), view.listenersChanged()]).toEqual([true, false]);
});

describe('a flood of short connections', () => {
  /** What a minute of it records: rows, and the connections that they stand for. */
  function flood(recorder: Recorder, seconds: number, aSecond: number): { rows: number; opened: number } {
    const sum = { rows: 0, opened: 0 };
    for (let second = 1; second <= seconds; second++) {
      kernel.waiting += aSecond;
      look();
      const { opened, closed } = view.take(kernel.nowUs);
      sum.opened += opened.length;
      recorder.observe(tick(kernel.nowUs, { previousUs: kernel.nowUs - SECOND, opened, closed }));
      if (second % 5 === 0) for (const { rows } of recorder.flush(false)) sum.rows += rows;
    }
    return sum;
  }

  it('that is larger than a look can take waits in the kernel, and none is lost', () => {
    const recorder = createRecorder({ bootId, offsetUs: () => 0 });
    const { opened } = flood(recorder, 5, 30_000);
    expect(opened).toBe(100_000);
    expect(kernel.waiting).toBe(50_000);
    expect(flood(recorder, 3, 0).opened).toBe(50_000);
    expect([view.eventsLost, recorder.lostRows()]).toEqual([0, 0]);
  });

  it('that lasts leaves the heap as it was, and few rows', { timeout: 120_000 }, () => {
    const recorder = createRecorder({ bootId, offsetUs: () => 0 });
    const heapMb = () => {
      relieveMemory();
      return process.memoryUsage().heapUsed / 1e6;
    };
    flood(recorder, 30, 2_000);
    const before = heapMb();
    const { rows } = flood(recorder, 120, 2_000);
    expect(heapMb() - before).toBeLessThan(5);
    // One row a flush for the connections; the others are metrics.
    expect(rows).toBeLessThan(120);
    expect(recorder.lostRows()).toBe(0);
  });
});
