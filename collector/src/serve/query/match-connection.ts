// The same conditions as connectionFilter's, on rows of a live table.
import { BlockList, isIP } from 'node:net';
import { formatAddress, stateName } from '@foretop/proto';
import type { LiveConnection, LiveProcess } from '@foretop/proto/live';
import type { Choice, ConnectionFilter, PortRange } from '../../store/queries/connection-filter.ts';
import { directionNumbers, unknownProcess } from '../../store/queries/connection-filter.ts';
import type { PlaceSource } from './place-filter.ts';
import { placeText, wordOf } from './place-text.ts';

export type LiveIdentity = NonNullable<LiveProcess['identity']>;

/** `owner` is the row's process, where the live table has it. */
export type ConnectionTest = (row: LiveConnection, owner: LiveIdentity | undefined) => boolean;

/** What only a search looks at. */
export interface Surroundings {
  hostName: string;
  places?: Pick<PlaceSource, 'rowPlace'> | undefined;
}

export function connectionMatcher(filter: ConnectionFilter, surroundings: Surroundings): ConnectionTest {
  const tests = [
    choose(filter.protocol, (protocol) => (row) => row.protocol === protocol),
    choose(filter.port, portTest),
    choose(filter.address, addressTest),
    choose(filter.state, (state) => (row) => stateName(row.protocol!, row.state!) === state),
    choose(filter.direction, (direction) => (row) => row.direction === directionNumbers[direction]),
    choose(filter.process, processTest),
    choose(filter.unit, unitTest),
    choose(filter.container, containerTest),
    ...(filter.words ?? []).map((word) => wordTest(word, surroundings)),
  ].filter((test) => test !== undefined);
  return (row, owner) => tests.every((test) => test(row, owner));
}

function choose<Value>(
  choice: Choice<Value> | undefined,
  testOf: (value: Value) => ConnectionTest,
): ConnectionTest | undefined {
  if (choice === undefined) return undefined;
  const [any, none] = [choice.any.map(testOf), choice.none.map(testOf)];
  return (row, owner) =>
    (any.length === 0 || any.some((test) => test(row, owner))) && !none.some((test) => test(row, owner));
}

export const hasPeer = (row: LiveConnection) => (row.remoteAddress?.length ?? 0) > 0;

function portTest({ least, most }: PortRange): ConnectionTest {
  const within = (port: number) => port >= least && port <= most;
  return (row) => within(row.localPort!) || (hasPeer(row) && within(row.remotePort!));
}

function processTest(process: string): ConnectionTest {
  if (process === unknownProcess) return (row) => !row.comm;
  const pid = /^\d{1,9}$/.test(process) ? Number(process) : undefined;
  const name = namePattern(process);
  return (row) => name.test(row.comm ?? '') || (pid !== undefined && row.pid === pid);
}

/** `*` stands for anything. */
export function namePattern(text: string): RegExp {
  const pattern = text
    .split('*')
    .map((part) => RegExp.escape(part))
    .join('.*');
  return new RegExp(`^${pattern}$`, 's');
}

function unitTest(unit: string): ConnectionTest {
  const name = namePattern(unit);
  return (_row, owner) => owner !== undefined && name.test(owner.unit ?? '');
}

function containerTest(prefix: string): ConnectionTest {
  const id = new RegExp(`${namePattern(prefix).source.slice(0, -1)}`, 's');
  return (_row, owner) => !!owner?.containerId && (owner.containerRuntime === prefix || id.test(owner.containerId));
}

function wordTest(word: string, { hostName, places }: Surroundings): ConnectionTest {
  const wanted = word.replaceAll('*', '').toLowerCase();
  const inPlace = wordOf(word);
  const isPlaced = (row: LiveConnection) =>
    inPlace !== undefined &&
    places !== undefined &&
    hasPeer(row) &&
    placeText(places.rowPlace(formatAddress(row.remoteAddress!))).includes(inPlace);
  return (row, owner) => {
    const local = endpoints(row.localAddress!, row.localPort!);
    const peer = hasPeer(row) ? endpoints(row.remoteAddress!, row.remotePort!) : [];
    const own = [row.comm, row.pid || '', row.protocol === 17 ? 'udp' : 'tcp', ...local, ...peer, row.name];
    // As in SQL: apart, so that a word does not reach from the one into the other.
    const texts = [own.join(' '), hostName, owner?.unit ?? '', owner?.containerId ?? ''];
    return texts.some((text) => text.toLowerCase().includes(wanted)) || isPlaced(row);
  };
}

/** As people write it: 192.0.2.1:443, and of IPv6 also [2001:db8::1]:443. */
function endpoints(address: Uint8Array, port: number): string[] {
  const text = formatAddress(address);
  return [`${text}:${port}`, ...(text.includes(':') ? [`[${text}]:${port}`] : [])];
}

function addressTest(text: string): ConnectionTest {
  const inNetwork = networkMatcher(text);
  return (row) => inNetwork(row.localAddress!) || inNetwork(row.remoteAddress!);
}

function networkMatcher(text: string): (address: Uint8Array) => boolean {
  const [network, prefix] = text.split('/') as [string, string?];
  const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family);
  const length = family === 'ipv4' ? 4 : 16;
  return (address) => address.length === length && list.check(formatAddress(address), family);
}
