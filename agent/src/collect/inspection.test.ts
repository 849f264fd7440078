// What connections are called: by what their own process asked for, whichever came first.
import { NameSource, OwnerRule } from '@foretop/proto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createSocketMessage } from '../host/linux/sock-message.ts';
import type { Payload } from '../inspect/payload.ts';
import { type ConnectionRecord, createConnection } from './connection.ts';
import { Inspection } from './inspection.ts';
import { OpenConnections } from './open-connections.ts';

const SITE = Uint8Array.of(192, 0, 2, 9);
const HOME = Uint8Array.of(10, 0, 0, 1);
const RESOLVER = Uint8Array.of(10, 0, 0, 53);

let all: OpenConnections;
let inspection: Inspection;
beforeEach(() => {
  all = new OpenConnections();
  inspection = new Inspection(all);
});

function payload(kind: Payload['kind'], bytes: Buffer, more: Partial<Payload>): Payload {
  return {
    ...{ kind, cookie: 1, protocol: 17, direction: 'tx', localPort: 4_000, remotePort: 53, boottimeUs: 1e6 },
    ...{ sequence: 0, bytes, payloadBytes: bytes.length },
    localAddress: () => HOME,
    remoteAddress: () => RESOLVER,
    owner: () => undefined,
    ...more,
  };
}

function ask(name: string, pid: number, comm = 'curl'): void {
  const owner = () => ({ pid, comm, uid: 0, rule: OwnerRule.OWNER_RULE_CONNECT });
  const labels = name.split('.').flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]);
  const question = Buffer.concat([...labels, Buffer.of(0, 0, 1, 0, 1)]);
  const query = Buffer.concat([Buffer.of(0, pid, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0), question]);
  inspection.inspect(payload('dns', query, { owner }));
  const head = Buffer.of(0, pid, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0);
  const answer = Buffer.concat([head, question, Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...SITE)]);
  inspection.inspect(payload('dns', answer, { owner, direction: 'rx', boottimeUs: 1_010_000 }));
}

function hello(cookie: number, name: string): void {
  const serverName = Buffer.concat([
    Buffer.of(0, 0, 0, name.length + 5, 0, name.length + 3, 0, 0, name.length),
    Buffer.from(name),
  ]);
  const alpn = Buffer.of(0, 16, 0, 5, 0, 3, 2, 0x68, 0x32);
  const extensions = Buffer.concat([serverName, alpn]);
  const body = Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32),
    Buffer.of(0, 0, 2, 0x13, 1, 1, 0, 0, extensions.length),
    extensions,
  ]);
  const message = Buffer.concat([Buffer.of(1, 0, 0, body.length), body]);
  const record = Buffer.concat([Buffer.of(0x16, 3, 1, 0, message.length), message]);
  inspection.inspect(
    payload('tls', record, { cookie, protocol: 6, remotePort: 443, remoteAddress: () => SITE, sequence: 1 }),
  );
}

function connection(cookie: number, pid: number): ConnectionRecord {
  const message = {
    ...createSocketMessage(),
    cookie,
    family: 2,
    protocol: 6,
    state: 1,
    localPort: 4_000,
    remotePort: 443,
  };
  const record = createConnection(message, { handle: cookie, kind: 0, startedUs: 1e6, firstKnown: false });
  return Object.assign(record, { pid, remoteAddress: SITE, localAddress: HOME });
}

function named(record: ConnectionRecord) {
  inspection.name(record, 2e6);
  return [record.name, record.nameSource, record.alpn];
}

describe('names', () => {
  it('are those that the process itself asked DNS for', () => {
    ask('one.example', 11);
    ask('two.example', 12);
    expect(named(connection(5, 11))).toEqual(['one.example', NameSource.NAME_SOURCE_DNS, undefined]);
    expect(named(connection(6, 12))[0]).toBe('two.example');
    expect(named(connection(7, 13))).toEqual([undefined, undefined, undefined]);
  });

  it('that a resolver of this host asked for count for all', () => {
    ask('one.example', 90, 'systemd-resolve');
    expect(named(connection(5, 11))[0]).toBe('one.example');
  });

  it('that the connection’s own hello tells come first, whether it is known by then or not', () => {
    ask('one.example', 11);
    const known = connection(5, 11);
    all.byCookie.set(5, known);
    hello(5, 'site.example');
    hello(6, 'other.example');
    expect(named(known)).toEqual(['site.example', NameSource.NAME_SOURCE_SNI, 'h2']);
    expect(named(connection(6, 11))).toEqual(['other.example', NameSource.NAME_SOURCE_SNI, 'h2']);
  });
});

it('gives each exchange its process, as the process table knows it', () => {
  ask('one.example', 11);
  expect(inspection.take(() => ({ startTicks: 77, comm: 'curl-full' }))).toMatchObject([
    {
      pid: 11,
      pidStartTicks: 77,
      comm: 'curl-full',
      exchange: { name: 'one.example', answered: true, latencyUs: 10_000 },
    },
  ]);
  expect(inspection.take(() => undefined)).toEqual([]);
});
