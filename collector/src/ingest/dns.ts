// DNS exchanges of a batch as rows of dns_exchange.
import { type DnsExchange, limits } from '@foretop/proto';
import { rowAfter } from '../store/ids.ts';
import type { Hash64 } from '../store/siphash.ts';
import { type BatchContext, inWindow } from './batch-context.ts';
import type { CopyEncoder } from './copy-encoder.ts';
import { isCount, isInt4, isPort } from './numbers.ts';
import { earliestStartUs, isAddress, processIds } from './segments.ts';
import { textTable } from './text.ts';

export const dnsColumns = [
  'host_id',
  'asked_at',
  'exchange_id',
  'answered',
  'latency_us',
  'process_id',
  'pid',
  'comm',
  'connection_id',
  'transport',
  'kind',
  'role',
  'peer_address',
  'peer_port',
  'name',
  'type',
  'rcode',
  'truncated',
  'addresses',
  'canonical_names',
  'query_bytes',
  'answer_bytes',
  'exchange_count',
] as const;

/** Last numbers of the wire that mean something; 0 is none of them. */
const lastTransport = 2;
const lastKind = 3;
const lastRole = 2;
/** IP protocol numbers of the transports. */
const protocolOf = [0, 17, 6] as const;
/** An inet of an array: length, head, 16 bytes. */
const inetBytes = 24;

/** Writes a row for each valid exchange, counts the others in context.refused. @returns rows written. */
export function writeDnsExchanges(
  exchanges: readonly DnsExchange[],
  strings: readonly string[],
  context: BatchContext,
  out: CopyEncoder,
): number {
  if (exchanges.length === 0) return 0;
  const comms = textTable(strings, limits.commLength);
  const names = textTable(strings, limits.dnsNameLength);
  const processOf = processIds(context);
  const firstId = context.ids.firstRow(context.hostId, context.epoch, context.sequence);
  let rows = 0;
  for (const [index, exchange] of (exchanges as readonly DecodedExchange[]).entries()) {
    const texts = {
      comm: comms.get(exchange.comm),
      name: names.get(exchange.name),
      canonicalNames: exchange.canonicalNames.map((name) => names.get(name)),
    };
    if (!areKnown(texts) || !isValid(exchange, context.offsetUs)) context.refused.invalid++;
    else if (inWindow(context, 'dns_exchange', exchange.askedUs + context.offsetUs)) {
      const row = { id: rowAfter(firstId, index), process: processOf(exchange), ...texts };
      writeExchange(exchange, row, context, out);
      context.accepted.dns.push({ exchange, id: row.id, process: row.process });
      context.newestUs = Math.max(context.newestUs, exchange.askedUs + context.offsetUs);
      rows++;
    }
  }
  return rows;
}

/** As protobufjs decodes it: every field is there, the optional one may be null. */
export type DecodedExchange = { [Key in Exclude<keyof DnsExchange, 'latencyUs'>]-?: NonNullable<DnsExchange[Key]> } & {
  latencyUs?: number | null;
};

interface Texts {
  comm: Uint8Array;
  name: Uint8Array;
  canonicalNames: Uint8Array[];
}

type WantedTexts = { [Key in 'comm' | 'name']: Uint8Array | undefined } & {
  canonicalNames: (Uint8Array | undefined)[];
};

const areKnown = (texts: WantedTexts): texts is Texts =>
  texts.comm !== undefined && texts.name !== undefined && !texts.canonicalNames.includes(undefined);

function isValid(exchange: DecodedExchange, offsetUs: number): boolean {
  const { askedUs, addresses, canonicalNames } = exchange;
  return (
    isCount(askedUs) &&
    Number.isSafeInteger(askedUs + offsetUs) &&
    askedUs + offsetUs >= earliestStartUs &&
    hasKnownKind(exchange) &&
    isAddress(exchange.peerAddress) &&
    isPort(exchange.peerPort) &&
    addresses.length <= limits.dnsAddresses &&
    addresses.every(isAddress) &&
    canonicalNames.length <= limits.dnsCanonicalNames &&
    hasValidCounts(exchange)
  );
}

const isFrom1 = (value: number, last: number) => value >= 1 && value <= last;

const hasKnownKind = ({ transport, kind, role }: DecodedExchange) =>
  isFrom1(transport, lastTransport) && isFrom1(kind, lastKind) && isFrom1(role, lastRole);

/** QTYPE, RCODE with its extension and message sizes have 16 bits at most (RFC 1035, RFC 6895). */
function hasValidCounts({
  type,
  rcode,
  queryBytes,
  answerBytes,
  pid,
  pidStartTicks,
  count,
  cookie,
}: DecodedExchange): boolean {
  return (
    [type, rcode, queryBytes, answerBytes].every((value) => value <= 0xffff) &&
    isInt4(pid) &&
    isCount(pidStartTicks) &&
    isInt4(count) &&
    isCount(cookie)
  );
}

function writeExchange(
  exchange: DecodedExchange,
  row: Texts & { id: Hash64; process: Hash64 | null },
  { hostId, bootId, offsetUs, ids }: BatchContext,
  out: CopyEncoder,
): void {
  const { comm, name, canonicalNames, id, process } = row;
  const { answered, transport, peerAddress, peerPort, cookie, addresses, queryBytes, answerBytes } = exchange;
  const canonicalBytes = canonicalNames.reduce((sum, text) => sum + 4 + text.length, 0);
  out.reserve(comm.length + name.length + canonicalBytes + addresses.length * inetBytes);
  out.row(dnsColumns.length);
  out.int4(hostId);
  out.timestamp(exchange.askedUs + offsetUs);
  out.hash(id);
  out.bool(answered);
  out.nullableInt8(exchange.latencyUs ?? null);
  out.nullableHash(process);
  out.nullableInt4(exchange.pid === 0 ? null : exchange.pid);
  out.bytes(comm);
  out.nullableHash(
    cookie === 0 ? null : ids.connection(hostId, bootId, protocolOf[transport]!, cookie, peerAddress, peerPort),
  );
  out.int2(transport);
  out.int2(exchange.kind);
  out.int2(exchange.role);
  out.inet(peerAddress);
  out.int4(peerPort);
  out.bytes(name);
  out.int4(exchange.type);
  out.nullableInt4(answered ? exchange.rcode : null);
  out.bool(exchange.truncated);
  out.inetArray(addresses);
  out.textArray(canonicalNames);
  out.nullableInt4(queryBytes === 0 ? null : queryBytes);
  out.nullableInt4(answerBytes === 0 ? null : answerBytes);
  out.int4(exchange.count === 0 ? 1 : exchange.count);
}
