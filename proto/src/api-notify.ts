// Resources of the REST API about notifications: channels, routes, and the messages that were or are to be sent. For administrators.
// Part of api.ts. No secret ever comes back: a channel says whether it has one.
import type { List } from './api.ts';

export type NotificationSeverity = 'low' | 'medium' | 'high' | 'critical';

/** What happened to a finding. `worsened`: its severity rose. `reopened`: it came back after it had been `resolved`, by a person. */
export type FindingChangeKind = 'opened' | 'worsened' | 'reopened' | 'resolved';

export interface WebhookSettings {
  kind: 'webhook';
  /** Shown: scheme, host and port, then `/…` where there is more, since paths of chat services are secrets. */
  url: string;
  /** `json`: our own document, signed. `chat`: {"text": …} as Slack, Mattermost and others take it. */
  format: 'json' | 'chat';
}

/** The server is in the collector's configuration (smtp.*), never here. */
export interface EmailSettings {
  kind: 'email';
  /** 1 to 20 addresses. */
  to: string[];
}

export interface SyslogSettings {
  kind: 'syslog';
  host: string;
  port: number;
  transport: 'udp' | 'tcp' | 'tls';
  /** 0 to 23; 13 (log audit) unless given. RFC 5424 section 6.2.1. */
  facility: number;
}

export type ChannelSettings = WebhookSettings | EmailSettings | SyslogSettings;
export type ChannelKind = ChannelSettings['kind'];

export interface NotificationChannel {
  id: number;
  name: string;
  on: boolean;
  settings: ChannelSettings;
  /** Webhooks in the format `json` are signed with a secret of their own. */
  hasSecret: boolean;
  createdAt: string;
  /** Of its last message; null = none yet. */
  lastDelivery: { at: string; ok: boolean; detail: string } | null;
  /** Messages that wait, and that were given up. */
  waiting: number;
  dead: number;
}

export type NotificationChannelList = List<NotificationChannel>;

/** POST /notifications/channels, and PUT /notifications/channels/{id}. */
export interface ChannelInput {
  name: string;
  on: boolean;
  /** A webhook's `url` as it was shown keeps the one that is set. */
  settings: ChannelSettings;
  /** Webhooks only: true makes a new signing secret (a new channel gets one in any case). */
  newSecret?: boolean;
}

/** Answer of both. */
export interface SavedChannel {
  channel: NotificationChannel;
  /** Shown here only, when one was made: base64url, 32 bytes. */
  secret: string | null;
}

export interface QuietHours {
  /** IANA name, such as Europe/Berlin. */
  timeZone: string;
  /** Days on which the quiet begins: 1 = Monday … 7 = Sunday. */
  days: number[];
  /** Local times as HH:MM; an end before the beginning is on the next day. */
  from: string;
  to: string;
  /** This severity and above are sent all the same; null = nothing is. What is held comes as one digest when the quiet ends. */
  exceptFrom: NotificationSeverity | null;
}

export interface NotificationRouteSettings {
  name: string;
  on: boolean;
  channelId: number;
  /** This one and above. */
  minimumSeverity: NotificationSeverity;
  /** Hosts with any of these labels; empty = all hosts. */
  hostLabels: string[];
  /** Ids of detectors; empty = all. */
  detectors: string[];
  changes: FindingChangeKind[];
  quietHours: QuietHours | null;
  /** What comes within so many seconds after the first is one message; 0 to 3600. */
  groupSeconds: number;
  /** Messages in any hour, 1 to 1000; what is beyond waits and comes as a digest. */
  mostPerHour: number;
}

export interface NotificationRoute extends NotificationRouteSettings {
  id: number;
  /** Changes of findings that wait to be sent. */
  held: number;
  /** Why they wait. */
  holding: 'nothing' | 'grouping' | 'quiet-hours' | 'hourly-limit' | 'off';
  /** Changes that were left out since more than 5,000 waited. */
  leftOut: number;
}

export type NotificationRouteList = List<NotificationRoute>;

/** `dead`: given up after 8 attempts over two hours, or refused for good; may be retried or dropped. */
export type NotificationState = 'waiting' | 'sent' | 'dead' | 'dropped';

export interface NotificationMessage {
  id: number;
  channelId: number;
  channelName: string;
  /** null: a test. */
  routeName: string | null;
  state: NotificationState;
  /** One of them; "test" for a test. */
  kind: 'findings' | 'digest' | 'test';
  /** Changes of findings in it. */
  count: number;
  subject: string;
  createdAt: string;
  attempts: number;
  nextAttemptAt: string | null;
  /** Of the last attempt: what the receiver said, or what went wrong. */
  detail: string;
  sentAt: string | null;
}

/** GET /notifications/messages?state&channel&cursor&limit: newest first. */
export type NotificationMessageList = List<NotificationMessage>;

/** GET /notifications/messages/{id} */
export interface NotificationMessageDetail extends NotificationMessage {
  /** Exactly what was sent last, or null before the first attempt: a request's headers and body, a mail, syslog lines. */
  sent: string | null;
}

/** GET /notifications */
export interface NotificationSummary {
  asOf: string;
  channels: number;
  routes: number;
  waiting: number;
  dead: number;
  /** The mail server of the configuration; null = none, so that channels of the kind email cannot send. */
  mail: { server: string; from: string; encryption: 'starttls' | 'tls' | 'none' } | null;
}
