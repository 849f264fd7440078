CREATE TABLE account (
  account_id integer not null generated always as identity,
  name text not null,
  name_key text not null,
  password_hash text not null,
  role text not null,
  host_labels text[],
  created_at timestamp with time zone not null default now(),
  password_set_at timestamp with time zone not null default now(),
  signed_in_at timestamp with time zone,
  disabled_at timestamp with time zone,
  constraint account_name_key_key UNIQUE (name_key),
  constraint account_pkey PRIMARY KEY (account_id),
  constraint account_admin_unbound CHECK (((role <> 'admin'::text) OR (host_labels IS NULL))),
  constraint account_host_labels_check CHECK ((cardinality(host_labels) > 0)),
  constraint account_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text])))
);

CREATE TABLE agent_cursor (
  host_id integer not null,
  epoch bytea not null,
  sequence bigint not null,
  updated_at timestamp with time zone not null default now(),
  constraint agent_cursor_pkey PRIMARY KEY (host_id, epoch)
);

CREATE TABLE agent_key (
  thumbprint text not null,
  host_id integer not null,
  public_key bytea not null,
  machine_id bytea not null,
  created_at timestamp with time zone not null default now(),
  revoked_at timestamp with time zone,
  clone_refused_at timestamp with time zone,
  constraint agent_key_pkey PRIMARY KEY (thumbprint),
  constraint agent_key_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(host_id)
);
CREATE INDEX agent_key_host ON public.agent_key USING btree (host_id);

CREATE TABLE api_token (
  token_id integer not null generated always as identity,
  token_hash bytea not null,
  name text not null default ''::text,
  role text not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  scopes text[] not null,
  host_labels text[],
  created_by text not null default 'command line'::text,
  constraint api_token_token_hash_key UNIQUE (token_hash),
  constraint api_token_pkey PRIMARY KEY (token_id),
  constraint api_token_admin_unbound CHECK (((role <> 'admin'::text) OR (host_labels IS NULL))),
  constraint api_token_host_labels_check CHECK ((cardinality(host_labels) > 0)),
  constraint api_token_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text])))
);

CREATE TABLE audit (
  audit_id bigint not null generated always as identity,
  at timestamp with time zone not null default now(),
  actor text not null,
  action text not null,
  detail jsonb not null,
  outcome text not null,
  sequence bigint not null,
  host_id integer,
  previous_hash text not null,
  hash text not null,
  constraint audit_sequence_key UNIQUE (sequence),
  constraint audit_pkey PRIMARY KEY (audit_id),
  constraint audit_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text, 'failed'::text])))
);

CREATE TABLE audit_head (
  head_id bigint not null generated always as identity,
  host_id integer not null,
  thumbprint text not null,
  sequence bigint not null,
  hash text not null,
  issued_at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  fits boolean not null,
  statement text not null,
  constraint audit_head_pkey PRIMARY KEY (head_id),
  constraint audit_head_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(host_id)
);
CREATE INDEX audit_head_host ON public.audit_head USING btree (host_id, head_id);

CREATE TABLE command (
  request_id text not null,
  host_id integer not null,
  operator text not null,
  action jsonb not null,
  summary text not null,
  status text not null,
  relayed_by text not null,
  wire_id text,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  signed_at timestamp with time zone,
  ended_at timestamp with time zone,
  offer_hash text,
  outcome text,
  code text not null default ''::text,
  detail text not null default ''::text,
  receipt text,
  progress text[] not null default '{}'::text[],
  constraint command_pkey PRIMARY KEY (request_id),
  constraint command_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(host_id),
  constraint command_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'offered'::text, 'signed'::text, 'ended'::text, 'refused'::text, 'expired'::text, 'withdrawn'::text, 'lost'::text])))
);
CREATE INDEX command_created ON public.command USING btree (created_at);
CREATE INDEX command_wire ON public.command USING btree (wire_id);

CREATE TABLE connection_segment (
  host_id integer not null,
  seg_start timestamp with time zone not null,
  seg_end timestamp with time zone not null,
  connection_id bigint not null,
  started_at timestamp with time zone not null,
  started_before boolean not null,
  closed boolean not null,
  process_id bigint,
  pid integer,
  comm text not null,
  uid bigint not null,
  protocol smallint not null,
  state smallint not null,
  direction smallint not null,
  local_address inet not null,
  local_port integer not null,
  remote_address inet,
  remote_port integer,
  rx_bytes bigint,
  tx_bytes bigint,
  rx_packets bigint,
  tx_packets bigint,
  rtt_us bigint,
  retransmissions bigint,
  name text,
  name_source smallint not null,
  peer_host_id integer,
  connection_count integer not null,
  alpn text,
  owner_rule smallint not null default 0
) PARTITION BY RANGE (seg_end);
CREATE INDEX connection_segment_end ON ONLY public.connection_segment USING brin (seg_end timestamptz_minmax_multi_ops);
CREATE INDEX connection_segment_host ON ONLY public.connection_segment USING btree (host_id, seg_end);

CREATE TABLE dns_exchange (
  host_id integer not null,
  asked_at timestamp with time zone not null,
  exchange_id bigint not null,
  answered boolean not null,
  latency_us bigint,
  process_id bigint,
  pid integer,
  comm text not null,
  connection_id bigint,
  transport smallint not null,
  kind smallint not null,
  role smallint not null,
  peer_address inet not null,
  peer_port integer not null,
  name text not null,
  type integer not null,
  rcode integer,
  truncated boolean not null,
  addresses inet[] not null,
  canonical_names text[] not null,
  query_bytes integer,
  answer_bytes integer,
  exchange_count integer not null
) PARTITION BY RANGE (asked_at);
CREATE INDEX dns_exchange_asked ON ONLY public.dns_exchange USING brin (asked_at timestamptz_minmax_multi_ops);
CREATE INDEX dns_exchange_host ON ONLY public.dns_exchange USING btree (host_id, asked_at);

CREATE TABLE enrol_token (
  token_hash bytea not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  host_id integer,
  constraint enrol_token_pkey PRIMARY KEY (token_hash),
  constraint enrol_token_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(host_id)
);

CREATE TABLE gap (
  host_id integer not null,
  gap_start timestamp with time zone not null,
  gap_end timestamp with time zone not null,
  reason text not null,
  lost bigint not null,
  detail text not null,
  recorded_at timestamp with time zone not null default now()
);
CREATE INDEX gap_host ON public.gap USING btree (host_id, gap_end);

CREATE TABLE host (
  host_id integer not null generated always as identity,
  name text not null,
  enrolled_at timestamp with time zone not null default now(),
  last_seen_at timestamp with time zone,
  revoked_at timestamp with time zone,
  os text not null default ''::text,
  kernel text not null default ''::text,
  arch text not null default ''::text,
  platform text not null default ''::text,
  addresses text[] not null default '{}'::text[],
  cpus integer not null default 0,
  memory_bytes bigint not null default 0,
  agent_version text not null default ''::text,
  protocol_version integer not null default 0,
  scope text not null default ''::text,
  tier smallint not null default 0,
  sources jsonb not null default '[]'::jsonb,
  booted_at timestamp with time zone,
  labels text[] not null default '{}'::text[],
  policy jsonb,
  constraint host_pkey PRIMARY KEY (host_id)
);

CREATE TABLE login_code (
  code_hash bytea not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint login_code_pkey PRIMARY KEY (code_hash)
);

CREATE TABLE metric_1m (
  host_id integer not null,
  ts timestamp with time zone not null,
  subject text not null,
  seconds smallint not null,
  rx_bytes bigint,
  tx_bytes bigint,
  rx_bytes_max bigint,
  tx_bytes_max bigint,
  rx_packets bigint,
  tx_packets bigint,
  connections_sum bigint,
  connections_max bigint,
  cpu_permille_sum bigint,
  cpu_permille_max bigint,
  memory_bytes_max bigint,
  errors bigint,
  drops bigint,
  socket_bytes bigint,
  interface_bytes bigint,
  forwarded_bytes bigint,
  events_lost bigint,
  late_seconds smallint not null default 0,
  backfilled_seconds smallint not null default 0,
  constraint metric_1m_pkey PRIMARY KEY (host_id, subject, ts)
) PARTITION BY RANGE (ts);

CREATE TABLE metric_chunk (
  host_id integer not null,
  ts timestamp with time zone not null,
  subject text not null,
  interval_us integer not null,
  sample_count smallint not null,
  samples bytea not null
) PARTITION BY RANGE (ts);
CREATE INDEX metric_chunk_host ON ONLY public.metric_chunk USING btree (host_id, ts);

CREATE TABLE owner_change (
  serial bigint not null,
  statement text not null,
  constraint owner_change_pkey PRIMARY KEY (serial)
);

CREATE TABLE process (
  host_id integer not null,
  process_id bigint not null,
  pid integer not null,
  started_at timestamp with time zone not null,
  first_seen_at timestamp with time zone not null,
  last_seen_at timestamp with time zone not null,
  exited_at timestamp with time zone,
  parent_pid integer not null,
  parent_process_id bigint,
  comm text not null,
  executable text not null,
  command_line text not null,
  uid bigint not null,
  user_name text not null,
  cgroup text not null,
  unit text not null,
  container_runtime text not null,
  container_id text not null,
  constraint process_pkey PRIMARY KEY (host_id, process_id)
);
CREATE INDEX process_last_seen ON public.process USING btree (last_seen_at);

CREATE TABLE process_1m (
  host_id integer not null,
  ts timestamp with time zone not null,
  process_id bigint not null,
  pid integer not null,
  seconds smallint not null,
  cpu_us bigint not null,
  memory_bytes bigint not null,
  rx_bytes bigint,
  tx_bytes bigint,
  connections integer not null,
  threads integer not null
) PARTITION BY RANGE (ts);
CREATE INDEX process_1m_host ON ONLY public.process_1m USING btree (host_id, ts);
CREATE INDEX process_1m_ts ON ONLY public.process_1m USING brin (ts);

CREATE TABLE roster (
  serial bigint not null,
  issued_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  statement text not null,
  constraint roster_pkey PRIMARY KEY (serial)
);

CREATE TABLE scan_evidence (
  host_id integer not null,
  scan_start timestamp with time zone not null,
  scan_end timestamp with time zone not null,
  evidence_id bigint not null,
  kind smallint not null,
  source_address inet not null,
  local_address inet not null,
  local_port integer,
  ports integer not null,
  packets bigint not null
) PARTITION BY RANGE (scan_end);
CREATE INDEX scan_evidence_end ON ONLY public.scan_evidence USING brin (scan_end timestamptz_minmax_multi_ops);
CREATE INDEX scan_evidence_host ON ONLY public.scan_evidence USING btree (host_id, scan_end);

CREATE TABLE session (
  cookie_hash bytea not null,
  secret_hash bytea not null,
  role text not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  account_id integer,
  network text not null default ''::text,
  user_agent text not null default ''::text,
  constraint session_pkey PRIMARY KEY (cookie_hash),
  constraint session_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(account_id) ON DELETE CASCADE,
  constraint session_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text])))
);
CREATE INDEX session_account ON public.session USING btree (account_id);

CREATE TABLE setting (
  key text not null,
  value jsonb not null,
  constraint setting_pkey PRIMARY KEY (key)
);

CREATE TABLE signing_key (
  key_id integer not null generated always as identity,
  account_id integer not null,
  signer text not null,
  name text not null,
  thumbprint text not null,
  cnf jsonb not null,
  created_at timestamp with time zone not null default now(),
  granted_at timestamp with time zone,
  granted_by text,
  capabilities text[] not null default '{}'::text[],
  host_thumbprints text[] not null default '{}'::text[],
  file_labels text[] not null default '{}'::text[],
  all_hosts boolean not null default false,
  constraint signing_key_thumbprint_key UNIQUE (thumbprint),
  constraint signing_key_pkey PRIMARY KEY (key_id),
  constraint signing_key_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(account_id) ON DELETE CASCADE,
  constraint signing_key_granted CHECK (((granted_at IS NULL) OR ((cardinality(capabilities) > 0) AND (all_hosts OR ((cardinality(host_thumbprints) + cardinality(file_labels)) > 0))))),
  constraint signing_key_signer_check CHECK ((signer = ANY (ARRAY['browser'::text, 'passkey'::text, 'approve'::text])))
);
CREATE INDEX signing_key_account ON public.signing_key USING btree (account_id);
