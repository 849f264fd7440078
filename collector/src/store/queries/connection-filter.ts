// Filters on connections as SQL conditions: what never changes over a connection's life apart from what may.
import { type StateName, stateNumbers } from '@foretop/proto';
import type { DirectionName } from '@foretop/proto/api';
import { type RawBuilder, sql } from 'kysely';

/** Matches what is any of `any` (when there are some) and none of `none`. */
export interface Choice<Value> {
  any: readonly Value[];
  none: readonly Value[];
}

export interface PortRange {
  least: number;
  most: number;
}

export interface ConnectionFilter {
  hostIds?: readonly number[] | undefined;
  /** 16 hex digits. */
  connectionId?: string | undefined;
  state?: Choice<StateName> | undefined;
  direction?: Choice<DirectionName> | undefined;
  protocol?: Choice<6 | 17> | undefined;
  /** Names in which `*` stands for anything; digits are also taken as a pid. */
  process?: Choice<string> | undefined;
  /** Names of systemd units in which `*` stands for anything. */
  unit?: Choice<string> | undefined;
  /** The beginning of an id, or a runtime. */
  container?: Choice<string> | undefined;
  /** Addresses or networks in CIDR notation, matched at either end. */
  address?: Choice<string> | undefined;
  /** Matched at either end. */
  port?: Choice<PortRange> | undefined;
  /** Of the far end; `orNone`: or without a far end. */
  remoteAddresses?: { any: readonly string[]; orNone: boolean } | undefined;
  /** Words, each of which is found somewhere in the row, whatever its case. */
  words?: readonly string[] | undefined;
  /** Far addresses that have a word by what is known of them beside the row. */
  addressesOfWords?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** By the number in facts.proto. */
export const directionNumbers: Record<DirectionName, number> = { unknown: 0, inbound: 1, outbound: 2, listen: 3 };

/** In place of a name: the process is not known. */
export const unknownProcess = '?';

type Condition = RawBuilder<unknown>;

/** `fixed` may be applied to any segment; `changing` only to the one that speaks for the connection. */
export function connectionFilter(filter: ConnectionFilter): { fixed: Condition; changing: Condition } {
  const { hostIds, words } = filter;
  const fixed = [
    hostIds && sql`host_id = any(${hostIds}::int4[])`,
    filter.connectionId && sql`connection_id = ('x' || ${filter.connectionId}::text)::bit(64)::int8`,
    choose(filter.protocol, (protocol) => sql`protocol = ${protocol}`),
    choose(filter.port, portCondition),
    choose(filter.address, addressCondition),
    filter.remoteAddresses && remoteCondition(filter.remoteAddresses),
  ];
  const changing = [
    choose(filter.state, stateCondition),
    choose(filter.direction, (direction) => sql`direction = ${directionNumbers[direction]}`),
    choose(filter.process, processCondition),
    choose(filter.unit, (unit) => ofProcess(sql`unit like ${likePattern(unit)}`)),
    choose(filter.container, (prefix) =>
      ofProcess(
        sql`(container_runtime = ${prefix} or container_id like ${`${likePattern(prefix)}%`} and container_id <> '')`,
      ),
    ),
    ...(words ?? []).map((word) => wordCondition(word, filter.addressesOfWords?.get(word) ?? [])),
  ];
  return { fixed: all(fixed), changing: all(changing) };
}

export function all(conditions: readonly (Condition | '' | undefined)[]): Condition {
  const given = conditions.filter((condition) => condition !== undefined && condition !== '');
  return given.length === 0 ? sql`true` : sql.join(given, sql` and `);
}

/** An unknown value is none of those that are excluded. */
export function choose<Value>(
  choice: Choice<Value> | undefined,
  condition: (value: Value) => Condition,
): Condition | undefined {
  if (choice === undefined) return undefined;
  const any = choice.any.length === 0 ? sql`true` : sql`(${sql.join(choice.any.map(condition), sql` or `)})`;
  if (choice.none.length === 0) return any;
  return sql`(${any} and not coalesce(${sql.join(choice.none.map(condition), sql` or `)}, false))`;
}

function portCondition({ least, most }: PortRange): Condition {
  return sql`(local_port between ${least} and ${most} or coalesce(remote_port between ${least} and ${most}, false))`;
}

function addressCondition(address: string): Condition {
  return sql`(local_address <<= ${address}::text::inet or coalesce(remote_address <<= ${address}::text::inet, false))`;
}

function remoteCondition({ any, orNone }: NonNullable<ConnectionFilter['remoteAddresses']>): Condition {
  return orNone ? sql`(remote_address is null or ${hasFarEnd(any)})` : hasFarEnd(any);
}

const hasFarEnd = (addresses: readonly string[]): Condition =>
  sql`coalesce(remote_address = any(${[...addresses]}::text[]::inet[]), false)`;

function stateCondition(name: StateName): Condition {
  const tcp = name === 'unconnected' ? [] : stateNumbers(name);
  const udp = name === 'established' ? [1] : name === 'unconnected' ? [7] : [];
  return sql`(protocol = 6 and state = any(${tcp}::int4[]) or protocol = 17 and state = any(${udp}::int4[]))`;
}

export function processCondition(process: string): Condition {
  if (process === unknownProcess) return sql`comm = ''`;
  const name = sql`comm like ${likePattern(process)}`;
  return /^\d{1,9}$/.test(process) ? sql`(${name} or coalesce(pid = ${Number(process)}, false))` : name;
}

/** Names no column of the outer row, so that both have the same names. Its process may not be stored (yet): then false. */
function ofProcess(condition: Condition): Condition {
  return sql`coalesce((host_id, process_id) in (select owner.host_id, owner.process_id from process owner where ${condition}), false)`;
}

function wordCondition(word: string, farAddresses: readonly string[]): Condition {
  const pattern = `%${likePattern(word.replaceAll('*', ''))}%`;
  const text = sql`concat_ws(' ', comm, pid, case protocol when 17 then 'udp' else 'tcp' end,
    ${endpoint(sql`local_address`, sql`local_port`)}, ${endpoint(sql`remote_address`, sql`remote_port`)}, name)`;
  return sql`(${text} ilike ${pattern} or host_id in (select owner.host_id from host owner where owner.name ilike ${pattern})
    or ${ofProcess(sql`(unit ilike ${pattern} or container_id ilike ${pattern})`)}
    or ${farAddresses.length === 0 ? sql`false` : hasFarEnd(farAddresses)})`;
}

/** As people write it: 192.0.2.1:443, and of IPv6 also [2001:db8::1]:443. */
function endpoint(address: Condition, port: Condition): Condition {
  return sql`host(${address}) || ':' || ${port}, case family(${address}) when 6 then '[' || host(${address}) || ']:' || ${port} end`;
}

export const likePattern = (text: string) => text.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
