import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { limits, ProtocolError } from '@foretop/proto';
import type { LiveConnection, LiveDns, LiveFrame, LiveProcess } from '@foretop/proto/live';
import { describe, expect, it } from 'vitest';
import { createIds } from '../store/ids.ts';
import type { HostFrame } from './rows.ts';
import { HostTables } from './tables.ts';

const bootId = randomBytes(16);
const ids = createIds(randomBytes(16));
const host: HostFrame = { hostId: 7, bootId, offsetUs: 1_700_000_000_000_000, ids };

const connection = (handle: number, changes: Partial<LiveConnection> = {}): LiveConnection => ({
  handle,
  cookie: handle * 10,
  protocol: 6,
  state: 1,
  direction: 2,
  localAddress: Uint8Array.of(10, 0, 0, 1),
  localPort: 40_000,
  remoteAddress: Uint8Array.of(192, 0, 2, 1),
  remotePort: 443,
  startedUs: 5_000_000,
  ...changes,
});

const process = (pid: number, changes: Partial<LiveProcess> = {}): LiveProcess => ({
  identity: { pid, startTicks: pid * 2, startedUs: 1_000_000, comm: `p${pid}` },
  cpuPermille: 1,
  ...changes,
});

function update(handles: number[], rxBytes: number, known = 1, pid = 0): NonNullable<LiveFrame['updates']> {
  const all = (value: number) => handles.map(() => value);
  return {
    handle: handles,
    state: all(4),
    rxBytes: all(rxBytes),
    txBytes: all(0),
    rxRate: all(rxBytes),
    txRate: all(0),
    rttUs: all(9),
    retransmissions: all(0),
    known: all(known),
    pid: all(pid),
  };
}

function applyAll(frames: LiveFrame[], tables = new HostTables()): HostTables {
  for (const [i, frame] of frames.entries())
    tables.apply(host, { sequence: i + 1, boottimeUs: 9, keyFrame: i === 0, ...frame });
  return tables;
}

describe('HostTables', () => {
  it('shows unit and container, cut and cleaned', () => {
    const identity = { pid: 3, unit: 'a\0.service', containerRuntime: 'docker', containerId: 'f'.repeat(300) };
    const shown = applyAll([{ started: [{ identity }] }]).processes.get(3)!.identity!;
    expect(shown).toMatchObject({ unit: 'a\ufffd.service', containerRuntime: 'docker' });
    expect(shown.containerId).toHaveLength(255);
    expect(applyAll([{ started: [process(4)] }]).processes.get(4)!.identity).toMatchObject({
      unit: '',
      containerId: '',
    });
  });

  it('makes ids and times absolute', () => {
    const tables = applyAll([{ opened: [connection(1)], started: [process(3)] }]);
    expect(tables.connections.get(1)).toMatchObject({ startedUs: 1_700_000_005_000_000, cookie: 10 });
    expect(tables.connections.get(1)!.id).toMatch(/^7-[0-9a-f]{16}$/);
    expect(tables.processes.get(3)!.identity).toMatchObject({ startedUs: 1_700_000_001_000_000, comm: 'p3' });
  });

  it('passes on DNS exchanges made absolute, keeps the last for who comes later, and leaves out what is not valid', () => {
    const exchange = (changes: Partial<LiveDns> = {}): LiveDns => ({
      ...{ askedUs: 5_000_000, answered: true, latencyUs: 0, transport: 1, kind: 1, role: 1, type: 28, rcode: 3 },
      ...{ peerAddress: Uint8Array.of(192, 0, 2, 53), peerPort: 53, name: 'a\0.example', comm: 'curl' },
      ...changes,
    });
    const wrong: Partial<LiveDns>[] = [
      ...[{ kind: 4 }, { role: 0 }, { transport: 3 }, { peerAddress: new Uint8Array(3) }, { peerPort: 70_000 }],
      ...[{ addresses: [new Uint8Array(5)] }, { askedUs: 2 ** 60 }, { type: 65_536 }],
    ];
    const tables = applyAll([{ dns: [exchange()] }]);
    const { frame } = tables.apply(host, { sequence: 2, dns: [...wrong.map(exchange), exchange({ name: 'b' })] });
    expect([frame.dns.length, tables.rejectedRows]).toEqual([1, wrong.length]);
    expect(tables.dns.map(({ name }) => name)).toEqual(['a\ufffd.example', 'b']);
    expect(tables.dns[0]).toMatchObject({ askedUs: 1_700_000_005_000_000, latencyUs: 0, rcode: 3 });
    tables.apply(host, { sequence: 3, dns: Array.from({ length: 1_000 }, () => exchange()) });
    expect(tables.dns).toHaveLength(200);
    tables.keepOnly(new Set([1]));
    expect(tables.dns).toEqual([]);
  });

  it('is complete only from the last part of a key frame on', () => {
    const tables = applyAll([{ opened: [connection(1)] }]);
    expect(tables.connectionsComplete).toBe(false);
    tables.apply(host, { sequence: 2, opened: [connection(2)], hasConnections: true });
    expect([tables.connectionsComplete, tables.processesComplete, tables.connections.size]).toEqual([true, false, 2]);
    tables.apply(host, { sequence: 9, keyFrame: true, bandwidth: { rxRate: 1 } });
    expect([tables.connectionsComplete, tables.connections.size]).toEqual([false, 0]);
  });

  it('forgets everything at a jump, and takes nothing until a key frame', () => {
    const tables = applyAll([{ opened: [connection(1)], hasConnections: true }]);
    const jumped = tables.apply(host, { sequence: 3, opened: [connection(2)], bandwidth: { rxRate: 5 } });
    expect(jumped).toMatchObject({ outcome: 'jumped', frame: { opened: [], bandwidth: { rxRate: 5 } } });
    expect(tables.apply(host, { sequence: 4, opened: [connection(3)] }).outcome).toBe('jumped');
    expect([tables.connections.size, tables.connectionsComplete]).toEqual([0, false]);
    expect(tables.apply(host, { sequence: 5, keyFrame: true, opened: [connection(3)] }).outcome).toBe('applied');
    expect([...tables.connections.keys()]).toEqual([3]);
  });

  it('keeps unknown values apart from 0', () => {
    const tables = applyAll([{ opened: [connection(1, { rxBytes: 5, rttUs: 7 })] }, { updates: update([1], 0, 1) }]);
    expect(tables.connections.get(1)).toMatchObject({ state: 4, rxBytes: 0, rxRate: 0 });
    expect(tables.connections.get(1)).not.toHaveProperty('txBytes');
    expect(tables.connections.get(1)).not.toHaveProperty('rttUs');
  });

  it('names the owner that was found later', () => {
    const frames = [{ opened: [connection(1)], started: [process(3)] }, { updates: update([1], 0, 1, 3) }];
    expect(applyAll(frames).connections.get(1)).toMatchObject({ pid: 3, comm: 'p3', pidStartTicks: 6 });
  });

  it('tells a pid that was taken over from a process that lived between two frames', () => {
    const tables = applyAll([{ started: [process(3), process(4)] }]);
    const again = process(3, { identity: { pid: 3, startTicks: 99, comm: 'new' } });
    const { frame } = tables.apply(host, { sequence: 2, exited: [3, 5], started: [again, process(5)] });
    expect(tables.processes.get(3)!.identity).toMatchObject({ startTicks: 99, comm: 'new' });
    expect([...tables.processes.keys()]).toEqual([4, 3]);
    expect([frame.exited, frame.started.map((row) => row.identity!.pid)]).toEqual([[3], [3]]);
  });

  it.each<[string, Partial<LiveConnection>]>([
    ['protocol', { protocol: 1 }],
    ['state', { state: 13 }],
    ['UDP state', { protocol: 17, state: 3 }],
    ['local address', { localAddress: new Uint8Array(5) }],
    ['no local address', { localAddress: new Uint8Array(0) }],
    ['remote address', { remoteAddress: new Uint8Array(3) }],
    ['local port', { localPort: 65_536 }],
    ['remote port', { remotePort: 70_000 }],
    ['cookie', { cookie: 2 ** 60 }],
    ['start', { startedUs: 2 ** 60 }],
    ['bytes', { rxBytes: 2 ** 60 }],
    ['rate', { txRate: 2 ** 60 }],
  ])('leaves out a connection with a wrong %s, and counts it', (_, changes) => {
    const tables = applyAll([{ opened: [connection(1, changes), connection(2)] }]);
    expect([[...tables.connections.keys()], tables.rejectedRows]).toEqual([[2], 1]);
  });

  it('leaves out updates of what it does not know, or with impossible values', () => {
    const tables = applyAll([{ opened: [connection(1)] }]);
    const { frame } = tables.apply(host, { sequence: 2, updates: update([1, 2], 5) });
    expect(frame.updates!.handle).toEqual([1]);
    expect(tables.apply(host, { sequence: 3, updates: update([1], 2 ** 60) }).frame.updates!.handle).toEqual([]);
    expect(tables.connections.get(1)!.rxBytes).toBe(5);
    expect(tables.rejectedRows).toBe(2);
  });

  it('cleans text', () => {
    const tables = applyAll([{ opened: [connection(1, { comm: `a\0${'x'.repeat(500)}` })] }]);
    expect(tables.connections.get(1)!.comm).toHaveLength(limits.commLength);
    expect(tables.connections.get(1)!.comm!.startsWith('a\ufffdx')).toBe(true);
  });

  it('holds no more rows than the limit', () => {
    const tables = new HostTables();
    const part = limits.liveRowsPerFrame;
    for (let i = 0; i * part <= limits.liveConnections; i++) {
      const opened = Array.from({ length: part }, (_, row) => connection(i * part + row));
      tables.apply(host, { sequence: i, keyFrame: i === 0, opened });
    }
    expect(tables.connections.size).toBe(limits.liveConnections);
    expect(tables.rejectedRows).toBe(part);
  });

  it.each<[string, LiveFrame]>([
    ['columns of different length', { updates: { ...update([1], 5), pid: [] } }],
    ['too many rows', { opened: Array.from({ length: limits.liveRowsPerFrame + 1 }, (_, i) => connection(i)) }],
    [
      'too many updates',
      {
        updates: update(
          Array.from({ length: limits.liveRowsPerFrame + 1 }, (_, i) => i),
          1,
        ),
      },
    ],
    ['a sequence beyond 2^53', { sequence: 2 ** 60 }],
    ['a rate beyond 2^53', { bandwidth: { rxRate: 2 ** 60 } }],
    ['too many interfaces', { interfaces: Array.from({ length: limits.interfaces + 1 }, () => ({ name: 'x' })) }],
  ])('refuses a frame with %s', (_, frame) => {
    expect(() => applyAll([{ opened: [connection(1)] }, frame])).toThrow(ProtocolError);
  });
});

describe('any way of cutting a history into frames', () => {
  type Step = { kind: 'open' | 'update' | 'close'; handle: number; value: number };
  const step = fc.record({
    kind: fc.constantFrom<Step['kind']>('open', 'open', 'update', 'close'),
    handle: fc.integer({ min: 1, max: 12 }),
    value: fc.integer({ min: 0, max: 1_000 }),
  });

  /** The table as it must be: what each step says, one after the other. */
  function model(steps: Step[]): Map<number, number> {
    const table = new Map<number, number>();
    for (const { kind, handle, value } of steps) {
      if (kind === 'close') table.delete(handle);
      else if (kind === 'open' || table.has(handle)) table.set(handle, value);
    }
    return table;
  }

  const frameOf = ({ kind, handle, value }: Step): LiveFrame => {
    if (kind === 'open') return { opened: [connection(handle, { rxBytes: value })] };
    return kind === 'close' ? { closed: [handle] } : { updates: update([handle], value) };
  };

  const asKeyFrame = (table: Map<number, number>): LiveFrame => ({
    keyFrame: true,
    opened: [...table].map(([handle, value]) => connection(handle, { rxBytes: value })),
  });

  const read = (tables: HostTables) => new Map([...tables.connections].map(([handle, row]) => [handle, row.rxBytes]));

  it('gives the same table, with key frames and jumps at any point', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.constantFrom('delta', 'delta', 'key', 'lost'))), (history) => {
        const tables = applyAll([{}]);
        const steps: Step[] = [];
        let sequence = 1;
        let needsKey = false;
        for (const [next, how] of history) {
          steps.push(next);
          sequence++;
          if (how === 'lost') {
            needsKey = true;
            continue;
          }
          const frame = how === 'key' || needsKey ? asKeyFrame(model(steps)) : frameOf(next);
          // A jump is noticed before the key frame that mends it comes.
          if (needsKey) expect(tables.apply(host, { ...frameOf(next), sequence }).outcome).toBe('jumped');
          needsKey = false;
          tables.apply(host, { ...frame, sequence });
          expect(read(tables)).toEqual(model(steps));
        }
      }),
    );
  });

  it('gives viewers, who apply what was relayed, the same table', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const tables = applyAll([{}]);
        const relayed = new HostTables();
        relayed.apply({ ...host, offsetUs: 0 }, { sequence: 1, keyFrame: true });
        for (const [i, next] of steps.entries()) {
          const { frame } = tables.apply(host, { ...frameOf(next), sequence: i + 2 });
          relayed.apply({ ...host, offsetUs: 0 }, { ...frame, sequence: i + 2 });
        }
        expect(read(relayed)).toEqual(read(tables));
        expect([...relayed.connections.values()]).toEqual([...tables.connections.values()]);
      }),
    );
  });
});
