// The columns by which connections can be sorted in SQL: an expression over the found rows, and its type.
import { stateNames, stateNumbers } from '@foretop/proto';
import { type RawBuilder, sql } from 'kysely';

const text = (expression: RawBuilder<unknown>) => ({
  expression: sql`(${expression}) collate "C"`,
  type: 'text' as const,
});
const number = (expression: RawBuilder<unknown>) => ({ expression: sql`(${expression})::int8`, type: 'int8' as const });
const address = (expression: RawBuilder<unknown>) => ({ expression, type: 'inet' as const });
const time = (expression: RawBuilder<unknown>) => number(sql`extract(epoch from ${expression}) * 1000000`);

const tcpStates = sql.join(
  stateNames
    .filter((name) => name !== 'unconnected')
    .flatMap((name) => stateNumbers(name).map((value) => sql`when ${sql.lit(value)} then ${sql.lit(name)}`)),
  sql` `,
);
const stateText = sql`case when protocol = 17 then case state when 1 then 'established' else 'unconnected' end
                           else case state ${tcpStates} end end`;
const directionText = sql`case direction when 1 then 'inbound' when 2 then 'outbound' when 3 then 'listen' else 'unknown' end`;
const nameSourceText = sql`case name_source when 1 then 'dns' when 2 then 'sni' when 3 then 'reverse-dns' else 'none' end`;
const ownerRuleText = sql`case owner_rule when 1 then 'connect' when 2 then 'accept' when 3 then 'holder' when 4 then 'create'
  when 5 then 'close' when 6 then 'listener' when 7 then 'kernel' else 'unknown' end`;

/**
 * Bytes a second; unknown for a segment without length. `covered` are the seconds that the bytes are of where they are not the
 * whole segment's. Computed for the sort and for a page's rows only, and in doubles: on every row, or numeric, it takes most
 * of a large answer's time.
 */
const rate = (bytes: RawBuilder<unknown>) =>
  sql`round(${bytes} / nullif(coalesce(covered, date_part('epoch', seg_end - seg_start)), 0))::int8`;
export const rxRate = rate(sql`rx_bytes`);
export const txRate = rate(sql`tx_bytes`);

/** Of the row in `found`. */
function ofProcess(column: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`select ${column} from process owner where owner.host_id = found.host_id and owner.process_id = found.process_id`;
}

export const sortColumns = {
  id: text(sql`host_id || '-' || lpad(to_hex(connection_id), 16, '0')`),
  hostId: number(sql`host_id`),
  protocol: text(sql`case when protocol = 17 then 'udp' else 'tcp' end`),
  state: text(stateText),
  direction: text(directionText),
  localAddress: address(sql`local_address`),
  localPort: number(sql`local_port`),
  remoteAddress: address(sql`remote_address`),
  remotePort: number(sql`remote_port`),
  pid: number(sql`pid`),
  process: text(sql`nullif(comm, '')`),
  processId: text(sql`host_id || '-' || lpad(to_hex(process_id), 16, '0')`),
  unit: text(ofProcess(sql`nullif(owner.unit, '')`)),
  container: text(ofProcess(sql`nullif(owner.container_id, '')`)),
  uid: number(sql`uid`),
  startedAt: time(sql`started_at`),
  endedAt: time(sql`ended_at`),
  rxBytes: number(sql`rx_bytes`),
  txBytes: number(sql`tx_bytes`),
  rxRate: number(rxRate),
  txRate: number(txRate),
  rttUs: number(sql`rtt_us`),
  retransmissions: number(sql`retransmissions`),
  name: text(sql`name`),
  nameSource: text(nameSourceText),
  alpn: text(sql`alpn`),
  ownerRule: text(ownerRuleText),
  connectionCount: number(sql`connection_count`),
} as const;

export type ConnectionColumn = keyof typeof sortColumns;
export const connectionColumns = Object.keys(sortColumns) as ConnectionColumn[];
