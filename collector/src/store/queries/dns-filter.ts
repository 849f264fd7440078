// Filters on DNS exchanges as one SQL condition.
import { type RawBuilder, sql } from 'kysely';
import { all, type Choice, choose, likePattern, processCondition } from './connection-filter.ts';

export interface DnsFilter {
  hostIds?: readonly number[] | undefined;
  /** Names in which `*` stands for anything; digits are also taken as a pid. */
  process?: Choice<string> | undefined;
  /** With `*` the whole name, without it a part of it. Lower case. */
  name?: Choice<string> | undefined;
  /** Numbers of DNS types and response codes. */
  type?: Choice<number> | undefined;
  rcode?: Choice<number> | undefined;
  /** Addresses or networks of the other side. */
  resolver?: Choice<string> | undefined;
  /** Addresses or networks of which the answer has one. */
  address?: Choice<string> | undefined;
  /** As the wire numbers them. */
  kind?: Choice<number> | undefined;
  transport?: Choice<number> | undefined;
  role?: number | undefined;
  answered?: boolean | undefined;
  slowerThanUs?: number | undefined;
  /** Also what a resolver on a host asked on behalf of others. */
  forwarded: boolean;
}

type Condition = RawBuilder<unknown>;

/** On the columns of dns_exchange; `forwarded` is not among them. */
export function dnsCondition(filter: DnsFilter): Condition {
  const { hostIds, role, answered, slowerThanUs } = filter;
  return all([
    hostIds && sql`host_id = any(${hostIds}::int4[])`,
    role === undefined ? undefined : sql`role = ${role}`,
    answered === undefined ? undefined : sql`answered = ${answered}`,
    slowerThanUs === undefined ? undefined : sql`latency_us > ${slowerThanUs}::int8`,
    choose(filter.kind, (kind) => sql`kind = ${kind}`),
    choose(filter.transport, (transport) => sql`transport = ${transport}`),
    choose(filter.type, (type) => sql`type = ${type}`),
    choose(filter.rcode, (rcode) => sql`rcode = ${rcode}`),
    choose(filter.process, processCondition),
    choose(filter.name, nameCondition),
    choose(filter.resolver, (network) => sql`peer_address <<= ${network}::text::inet`),
    choose(
      filter.address,
      (network) => sql`exists (select from unnest(addresses) own where own <<= ${network}::text::inet)`,
    ),
  ]);
}

function nameCondition(name: string): Condition {
  const pattern = name.includes('*') ? likePattern(name) : `%${likePattern(name)}%`;
  return sql`name like ${pattern}`;
}
