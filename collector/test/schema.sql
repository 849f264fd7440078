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

CREATE TABLE detect_position (
  host_id integer not null,
  transaction_id bigint not null,
  at timestamp with time zone not null,
  constraint detect_position_pkey PRIMARY KEY (host_id)
);

CREATE TABLE detect_state (
  host_id integer not null,
  part text not null,
  state bytea not null,
  saved_at timestamp with time zone not null,
  constraint detect_state_pkey PRIMARY KEY (host_id, part)
);

CREATE TABLE detector_setting (
  detector text not null,
  is_on boolean not null,
  thresholds jsonb not null,
  changed_by text not null,
  changed_at timestamp with time zone not null,
  constraint detector_setting_pkey PRIMARY KEY (detector)
);

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

CREATE TABLE finding (
  host_id integer not null,
  group_key text not null,
  detector text not null,
  key text[] not null,
  severity smallint not null,
  state text not null,
  score real not null,
  summary text not null,
  peer text not null,
  process text not null,
  executable text not null,
  first_seen_at timestamp with time zone not null,
  last_seen_at timestamp with time zone not null,
  episode_start timestamp with time zone not null,
  episode_count bigint not null,
  earlier_count bigint not null,
  told_count bigint not null,
  evidence jsonb not null,
  links jsonb not null,
  note text not null default ''::text,
  state_by text not null default ''::text,
  state_at timestamp with time zone not null,
  state_before text,
  muted_by integer,
  reopened integer not null default 0,
  constraint finding_pkey PRIMARY KEY (host_id, group_key),
  constraint finding_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(host_id),
  constraint finding_severity_check CHECK (((severity >= 0) AND (severity <= 3))),
  constraint finding_state_check CHECK ((state = ANY (ARRAY['new'::text, 'acknowledged'::text, 'resolved'::text, 'muted'::text])))
);
CREATE INDEX finding_group ON public.finding USING btree (group_key);
CREATE INDEX finding_muted ON public.finding USING btree (muted_by) WHERE (muted_by IS NOT NULL);
CREATE INDEX finding_seen ON public.finding USING btree (last_seen_at);

CREATE TABLE finding_event (
  host_id integer not null,
  group_key text not null,
  at timestamp with time zone not null,
  kind text not null,
  by_whom text not null,
  severity smallint not null,
  count bigint not null,
  text text not null,
  evidence jsonb not null
);
CREATE INDEX finding_event_of ON public.finding_event USING btree (host_id, group_key, at);

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
  time_zone text not null default ''::text,
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
  probes_sent bigint,
  probes_lost bigint,
  probe_rtt_sum_us bigint,
  probe_rtt_max_us bigint,
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

CREATE TABLE notification_channel (
  channel_id integer not null generated always as identity,
  name text not null,
  enabled boolean not null,
  settings jsonb not null,
  secret text,
  created_at timestamp with time zone not null default now(),
  last_at timestamp with time zone,
  last_ok boolean,
  last_detail text not null default ''::text,
  constraint notification_channel_name_key UNIQUE (name),
  constraint notification_channel_pkey PRIMARY KEY (channel_id)
);

CREATE TABLE notification_item (
  item_id bigint not null generated always as identity,
  route_id integer not null,
  kept_at timestamp with time zone not null,
  severity smallint not null,
  item jsonb not null,
  constraint notification_item_pkey PRIMARY KEY (item_id),
  constraint notification_item_route_id_fkey FOREIGN KEY (route_id) REFERENCES notification_route(route_id) ON DELETE CASCADE
);
CREATE INDEX notification_item_route ON public.notification_item USING btree (route_id, item_id);

CREATE TABLE notification_message (
  message_id bigint not null generated always as identity,
  channel_id integer not null,
  route_id integer,
  route_name text,
  kind text not null,
  count integer not null,
  subject text not null,
  content jsonb not null,
  state text not null,
  created_at timestamp with time zone not null,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone,
  detail text not null default ''::text,
  sent text,
  ended_at timestamp with time zone,
  constraint notification_message_pkey PRIMARY KEY (message_id),
  constraint notification_message_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES notification_channel(channel_id) ON DELETE CASCADE,
  constraint notification_message_kind_check CHECK ((kind = ANY (ARRAY['findings'::text, 'digest'::text, 'test'::text]))),
  constraint notification_message_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sent'::text, 'dead'::text, 'dropped'::text])))
);
CREATE INDEX notification_message_channel ON public.notification_message USING btree (channel_id, message_id);
CREATE INDEX notification_message_due ON public.notification_message USING btree (next_attempt_at) WHERE (state = 'waiting'::text);
CREATE INDEX notification_message_route ON public.notification_message USING btree (route_id, created_at);

CREATE TABLE notification_route (
  route_id integer not null generated always as identity,
  name text not null,
  enabled boolean not null,
  channel_id integer not null,
  settings jsonb not null,
  left_out bigint not null default 0,
  constraint notification_route_name_key UNIQUE (name),
  constraint notification_route_pkey PRIMARY KEY (route_id),
  constraint notification_route_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES notification_channel(channel_id)
);

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

CREATE TABLE suppression (
  suppression_id integer not null generated always as identity,
  detector text,
  host_ids integer[] not null,
  labels text[] not null,
  process text,
  peer text,
  most_severe smallint not null,
  reason text not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  constraint suppression_pkey PRIMARY KEY (suppression_id),
  constraint suppression_most_severe_check CHECK (((most_severe >= 0) AND (most_severe <= 3)))
);

CREATE TABLE tool_event (
  run_id text not null,
  number integer not null,
  host_id integer not null,
  said_at timestamp with time zone not null,
  event text not null,
  constraint tool_event_pkey PRIMARY KEY (run_id, number),
  constraint tool_event_run_id_fkey FOREIGN KEY (run_id) REFERENCES tool_run(run_id) ON DELETE CASCADE
);

CREATE TABLE tool_packets (
  host_id integer not null,
  request_id text not null,
  start bigint not null,
  stored_at timestamp with time zone not null,
  bytes bytea not null
) PARTITION BY RANGE (stored_at);
CREATE INDEX tool_packets_part ON ONLY public.tool_packets USING btree (request_id, start);

CREATE TABLE tool_run (
  run_id text not null,
  tool text not null,
  target text not null,
  parameters jsonb not null,
  operator text not null,
  relayed_by text not null,
  created_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  constraint tool_run_pkey PRIMARY KEY (run_id)
);
CREATE INDEX tool_run_created ON public.tool_run USING btree (created_at, run_id);

CREATE TABLE tool_run_host (
  request_id text not null,
  run_id text not null,
  host_id integer not null,
  status text not null,
  wire_id text,
  offer_hash text,
  signed_at timestamp with time zone,
  ended_at timestamp with time zone,
  outcome text,
  code text not null,
  detail text not null,
  receipt text,
  event_count integer not null default 0,
  dropped integer not null default 0,
  watch_id text,
  watch_until timestamp with time zone,
  watch_stopped_at timestamp with time zone,
  watch_told_at timestamp with time zone,
  packet_bytes bigint not null default 0,
  packets_sealed boolean,
  constraint tool_run_host_host_id_watch_id_key UNIQUE (host_id, watch_id),
  constraint tool_run_host_run_id_host_id_key UNIQUE (run_id, host_id),
  constraint tool_run_host_pkey PRIMARY KEY (request_id),
  constraint tool_run_host_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(host_id),
  constraint tool_run_host_run_id_fkey FOREIGN KEY (run_id) REFERENCES tool_run(run_id) ON DELETE CASCADE,
  constraint tool_run_host_status_check CHECK ((status = ANY (ARRAY['offered'::text, 'running'::text, 'ended'::text, 'refused'::text, 'expired'::text, 'lost'::text])))
);
CREATE INDEX tool_run_host_watch ON public.tool_run_host USING btree (watch_until) WHERE (watch_until IS NOT NULL);
CREATE INDEX tool_run_host_wire ON public.tool_run_host USING btree (wire_id);
