// The tables as Kysely sees them; test/schema.sql is the dump of what the migrations make.
import type { CommandStatus, HostPolicyView, TokenScope, ToolRunHostStatus, WantedAction } from '@foretop/proto/api';
import type { ToolName, ToolRequest } from '@foretop/proto/tools';
import type { Capability, Outcome, RosterOperator, Signer } from '@foretop/proto/trust';
import type { ColumnType, Generated } from 'kysely';
import type { AuditDetail, AuditOutcome } from './audit-chain.ts';
import type { FindingTables } from './schema-findings.ts';
import type { NotificationTables } from './schema-notifications.ts';

/** timestamptz, read as Date; inserted as Date or RFC 3339 text. */
export type Timestamp = ColumnType<Date, Date | string, Date | string>;
export type NullableTimestamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type GeneratedTimestamp = ColumnType<Date, Date | string | undefined, Date | string>;
/** int8 is read as a number: pg's parser is set up to check it against 2^53. Identifiers are read as text. */
export type Int8 = ColumnType<number, number | bigint | string, number | bigint | string>;

export type Role = 'viewer' | 'operator' | 'admin';

export interface Database extends FindingTables, NotificationTables {
  setting: { key: string; value: unknown };
  host: {
    host_id: Generated<number>;
    name: string;
    enrolled_at: GeneratedTimestamp;
    last_seen_at: NullableTimestamp;
    revoked_at: NullableTimestamp;
    os: Generated<string>;
    kernel: Generated<string>;
    arch: Generated<string>;
    platform: Generated<string>;
    addresses: Generated<string[]>;
    cpus: Generated<number>;
    memory_bytes: Generated<number>;
    agent_version: Generated<string>;
    protocol_version: Generated<number>;
    scope: Generated<string>;
    tier: Generated<number>;
    sources: ColumnType<HostSourceJson[], string | undefined, string>;
    booted_at: NullableTimestamp;
    labels: Generated<string[]>;
    policy: ColumnType<HostPolicyView | null, string | null | undefined, string | null>;
    time_zone: Generated<string>;
  };
  agent_key: {
    thumbprint: string;
    host_id: number;
    public_key: Buffer;
    machine_id: Buffer;
    created_at: GeneratedTimestamp;
    revoked_at: NullableTimestamp;
    clone_refused_at: NullableTimestamp;
  };
  enrol_token: {
    token_hash: Buffer;
    created_at: GeneratedTimestamp;
    expires_at: Timestamp;
    used_at: NullableTimestamp;
    host_id: number | null;
  };
  api_token: {
    token_id: Generated<number>;
    token_hash: Buffer;
    name: Generated<string>;
    role: Role;
    created_at: GeneratedTimestamp;
    expires_at: NullableTimestamp;
    revoked_at: NullableTimestamp;
    scopes: TokenScope[];
    /** null: all hosts. */
    host_labels: string[] | null;
    created_by: Generated<string>;
  };
  account: {
    account_id: Generated<number>;
    name: string;
    /** The name as it is looked for: without case, normalised. */
    name_key: string;
    /** A PHC string. */
    password_hash: string;
    role: Role;
    /** null: all hosts. */
    host_labels: string[] | null;
    created_at: GeneratedTimestamp;
    password_set_at: GeneratedTimestamp;
    signed_in_at: NullableTimestamp;
    disabled_at: NullableTimestamp;
  };
  login_code: { code_hash: Buffer; expires_at: Timestamp; used_at: NullableTimestamp };
  session: {
    cookie_hash: Buffer;
    secret_hash: Buffer;
    role: Role;
    created_at: GeneratedTimestamp;
    expires_at: Timestamp;
    /** null: of a login link. */
    account_id: number | null;
    network: Generated<string>;
    user_agent: Generated<string>;
  };
  audit: {
    audit_id: Generated<number>;
    at: GeneratedTimestamp;
    actor: string;
    action: string;
    detail: ColumnType<AuditDetail, string, never>;
    outcome: AuditOutcome;
    sequence: Int8;
    host_id: number | null;
    previous_hash: string;
    hash: string;
  };
  audit_head: {
    head_id: Generated<number>;
    host_id: number;
    thumbprint: string;
    sequence: Int8;
    hash: string;
    issued_at: Timestamp;
    received_at: Timestamp;
    fits: boolean;
    statement: string;
  };
  command: {
    request_id: string;
    host_id: number;
    operator: string;
    action: ColumnType<WantedAction, string, never>;
    summary: string;
    status: CommandStatus;
    relayed_by: string;
    wire_id: ColumnType<string | null, string | null | undefined, string | null>;
    created_at: Timestamp;
    expires_at: Timestamp;
    signed_at: NullableTimestamp;
    ended_at: NullableTimestamp;
    offer_hash: ColumnType<string | null, string | null | undefined, string | null>;
    outcome: ColumnType<Outcome | null, Outcome | null | undefined, Outcome | null>;
    code: Generated<string>;
    detail: Generated<string>;
    receipt: ColumnType<string | null, string | null | undefined, string | null>;
    progress: Generated<string[]>;
  };
  tool_run: {
    run_id: string;
    tool: ToolName;
    target: string;
    parameters: ColumnType<ToolRequest['parameters'], string, never>;
    operator: string;
    relayed_by: string;
    created_at: Timestamp;
    ended_at: NullableTimestamp;
  };
  tool_run_host: {
    request_id: string;
    run_id: string;
    host_id: number;
    status: ToolRunHostStatus;
    wire_id: string | null;
    offer_hash: string | null;
    signed_at: NullableTimestamp;
    ended_at: NullableTimestamp;
    outcome: ColumnType<Outcome | null, Outcome | null | undefined, Outcome | null>;
    code: string;
    detail: string;
    receipt: ColumnType<string | null, string | null | undefined, string | null>;
    event_count: Generated<number>;
    dropped: Generated<number>;
    watch_id: string | null;
    watch_until: NullableTimestamp;
    /** Somebody wants it to end. */
    watch_stopped_at: NullableTimestamp;
    /** The host was told so. */
    watch_told_at: NullableTimestamp;
    packet_bytes: Generated<number>;
    packets_sealed: ColumnType<boolean | null, boolean | null | undefined, boolean | null>;
  };
  tool_packets: { host_id: number; request_id: string; start: Int8; stored_at: Timestamp; bytes: Buffer };
  tool_event: { run_id: string; number: number; host_id: number; said_at: Timestamp; event: string };
  signing_key: {
    key_id: Generated<number>;
    account_id: number;
    signer: Signer;
    name: string;
    /** RFC 7638; of a passkey SHA-256 of its SPKI. */
    thumbprint: string;
    cnf: ColumnType<RosterOperator['cnf'], string, never>;
    created_at: GeneratedTimestamp;
    granted_at: NullableTimestamp;
    granted_by: ColumnType<string | null, string | null | undefined, string | null>;
    capabilities: Generated<Capability[]>;
    /** Of hosts' keys. */
    host_thumbprints: Generated<string[]>;
    /** Of the hosts' own files. */
    file_labels: Generated<string[]>;
    /** Every enrolled host, also later ones. */
    all_hosts: Generated<boolean>;
  };
  roster: { serial: Int8; issued_at: Timestamp; expires_at: Timestamp; statement: string };
  owner_change: { serial: Int8; statement: string };
  agent_cursor: { host_id: number; epoch: Buffer; sequence: Int8; updated_at: GeneratedTimestamp };
  connection_segment: {
    host_id: number;
    seg_start: Timestamp;
    seg_end: Timestamp;
    connection_id: Int8;
    started_at: Timestamp;
    started_before: boolean;
    closed: boolean;
    process_id: Int8 | null;
    pid: number | null;
    comm: string;
    uid: number;
    protocol: number;
    state: number;
    direction: number;
    local_address: string;
    local_port: number;
    remote_address: string | null;
    remote_port: number | null;
    rx_bytes: number | null;
    tx_bytes: number | null;
    rx_packets: number | null;
    tx_packets: number | null;
    rtt_us: number | null;
    retransmissions: number | null;
    name: string | null;
    name_source: number;
    peer_host_id: number | null;
    connection_count: number;
    alpn: string | null;
    owner_rule: Generated<number>;
  };
  metric_chunk: {
    host_id: number;
    ts: Timestamp;
    subject: string;
    interval_us: number;
    sample_count: number;
    samples: Buffer;
  };
  metric_1m: {
    host_id: number;
    ts: Timestamp;
    subject: string;
    seconds: number;
    rx_bytes: number | null;
    tx_bytes: number | null;
    rx_bytes_max: number | null;
    tx_bytes_max: number | null;
    rx_packets: number | null;
    tx_packets: number | null;
    connections_sum: number | null;
    connections_max: number | null;
    cpu_permille_sum: number | null;
    cpu_permille_max: number | null;
    memory_bytes_max: number | null;
    errors: number | null;
    drops: number | null;
    socket_bytes: number | null;
    interface_bytes: number | null;
    forwarded_bytes: number | null;
    events_lost: number | null;
    late_seconds: Generated<number>;
    backfilled_seconds: Generated<number>;
    probes_sent: Generated<number | null>;
    probes_lost: Generated<number | null>;
    probe_rtt_sum_us: Generated<number | null>;
    probe_rtt_max_us: Generated<number | null>;
  };
  process: {
    host_id: number;
    process_id: Int8;
    pid: number;
    started_at: Timestamp;
    first_seen_at: Timestamp;
    last_seen_at: Timestamp;
    exited_at: NullableTimestamp;
    parent_pid: number;
    parent_process_id: Int8 | null;
    comm: string;
    executable: string;
    command_line: string;
    uid: number;
    user_name: string;
    cgroup: string;
    unit: string;
    container_runtime: string;
    container_id: string;
  };
  process_1m: {
    host_id: number;
    ts: Timestamp;
    process_id: Int8;
    pid: number;
    seconds: number;
    cpu_us: number;
    memory_bytes: number;
    rx_bytes: number | null;
    tx_bytes: number | null;
    connections: number;
    threads: number;
  };
  dns_exchange: {
    host_id: number;
    asked_at: Timestamp;
    exchange_id: Int8;
    answered: boolean;
    latency_us: number | null;
    process_id: Int8 | null;
    pid: number | null;
    comm: string;
    connection_id: Int8 | null;
    transport: number;
    kind: number;
    role: number;
    peer_address: string;
    peer_port: number;
    name: string;
    type: number;
    rcode: number | null;
    truncated: boolean;
    addresses: string[];
    canonical_names: string[];
    query_bytes: number | null;
    answer_bytes: number | null;
    exchange_count: number;
  };
  scan_evidence: {
    host_id: number;
    scan_start: Timestamp;
    scan_end: Timestamp;
    evidence_id: Int8;
    kind: number;
    source_address: string;
    local_address: string;
    local_port: number | null;
    ports: number;
    packets: number;
  };
  gap: {
    host_id: number;
    gap_start: Timestamp;
    gap_end: Timestamp;
    reason: string;
    lost: number;
    detail: string;
    recorded_at: GeneratedTimestamp;
  };
}

interface HostSourceJson {
  name: string;
  available: boolean;
  reason: string;
  remedy: string;
}
