// The tables of notifications as Kysely sees them; part of schema.ts.
import type { ChannelSettings, NotificationMessage, NotificationState } from '@foretop/proto/api';
import type { ColumnType, Generated } from 'kysely';
import type { KeepableItem, RouteRules } from './queries/notification-items.ts';
import type { Int8, NullableTimestamp, Timestamp } from './schema.ts';

export interface NotificationTables {
  notification_channel: {
    channel_id: Generated<number>;
    name: string;
    enabled: boolean;
    settings: ColumnType<ChannelSettings, string, string>;
    /** Base64url. */
    secret: string | null;
    created_at: ColumnType<Date, Date | string | undefined, Date | string>;
    /** Of the last attempt. */
    last_at: NullableTimestamp;
    last_ok: boolean | null;
    last_detail: Generated<string>;
  };
  notification_route: {
    route_id: Generated<number>;
    name: string;
    enabled: boolean;
    channel_id: number;
    settings: ColumnType<RouteRules, string, string>;
    left_out: Generated<Int8>;
  };
  /** Changes of findings that wait for their message. */
  notification_item: {
    item_id: Generated<Int8>;
    route_id: number;
    kept_at: Timestamp;
    /** 0 low … 3 critical. */
    severity: number;
    item: ColumnType<KeepableItem, string, string>;
  };
  notification_message: {
    message_id: Generated<Int8>;
    channel_id: number;
    /** Null: a test. */
    route_id: number | null;
    route_name: string | null;
    kind: NotificationMessage['kind'];
    count: number;
    subject: string;
    content: ColumnType<unknown, string, string>;
    state: NotificationState;
    created_at: Timestamp;
    attempts: Generated<number>;
    /** While it waits; null: whoever made it sends it. */
    next_attempt_at: NullableTimestamp;
    detail: Generated<string>;
    /** Exactly what was sent. */
    sent: string | null;
    ended_at: NullableTimestamp;
  };
}
