// Which of a host's recent rows a filter wants. Filters on what those rows do not hold are left to the database.
import { stateNumbers } from '@foretop/proto';
import { type Choice, type ConnectionFilter, directionNumbers, unknownProcess } from '../queries/connection-filter.ts';
import type { HostSegments } from './host-segments.ts';
import type { SharedTexts } from './shared-texts.ts';

export type RowTest = (host: HostSegments, row: number) => boolean;

const held: ReadonlySet<string> = new Set(['hostIds', 'state', 'direction', 'protocol', 'process']);

/** Without its hosts. undefined: rows do not hold what it asks for. */
export function recentTest(filter: ConnectionFilter, texts: SharedTexts): RowTest | undefined {
  const asked = Object.entries(filter).filter(([name, value]) => value !== undefined && !held.has(name));
  if (asked.some(([name, value]) => name !== 'words' || value.length > 0)) return undefined;
  const { state, direction, protocol, process } = filter;
  const tests: RowTest[] = [];
  if (state) {
    const wanted = wantedStates(state);
    tests.push((host, row) => wanted[(host.protocol[row] === 17 ? 256 : 0) + host.state[row]!] === 1);
  }
  if (direction) tests.push((host, row) => chosen(direction, (name) => directionNumbers[name] === host.direction[row]));
  if (protocol) tests.push((host, row) => chosen(protocol, (number) => number === host.protocol[row]));
  if (process) {
    const fits = processTest(process);
    if (fits === undefined) return undefined;
    const known = new Map<number, boolean>();
    tests.push((host, row) => {
      const place = host.comm[row]!;
      let fit = known.get(place);
      if (fit === undefined) known.set(place, (fit = fits(texts.at(place))));
      return fit;
    });
  }
  return (host, row) => tests.every((test) => test(host, row));
}

function chosen<Value>({ any, none }: Choice<Value>, is: (value: Value) => boolean): boolean {
  return (any.length === 0 || any.some(is)) && !none.some(is);
}

/** By state, TCP's first and then UDP's, which has two. */
function wantedStates(choice: NonNullable<ConnectionFilter['state']>): Uint8Array {
  const wanted = new Uint8Array(512);
  const numbers = (name: (typeof choice.any)[number]) => [
    ...(name === 'unconnected' ? [] : stateNumbers(name)),
    ...(name === 'established' ? [256 + 1] : name === 'unconnected' ? [256 + 7] : []),
  ];
  if (choice.any.length === 0) wanted.fill(1);
  for (const name of choice.any) for (const number of numbers(name)) wanted[number] = 1;
  for (const name of choice.none) for (const number of numbers(name)) wanted[number] = 0;
  return wanted;
}

/** undefined: digits may also mean a pid. */
function processTest(choice: Choice<string>): ((comm: string) => boolean) | undefined {
  if ([...choice.any, ...choice.none].some((name) => /^\d{1,9}$/.test(name))) return undefined;
  const patternOf = (name: string) =>
    name === unknownProcess ? /^$/ : new RegExp(`^${name.split('*').map(RegExp.escape).join('.*')}$`, 's');
  const patterns = { any: choice.any.map(patternOf), none: choice.none.map(patternOf) };
  return (comm) => chosen(patterns, (pattern) => pattern.test(comm));
}
