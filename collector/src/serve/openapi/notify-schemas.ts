// Schemas of notifications: bodies that set channels and routes, and answers about them.
import { isIP } from 'node:net';
import type * as api from '@foretop/proto/api';
import { z } from 'zod';
import { hostLabels } from '../auth/account-name.ts';
import { count, list, name, time } from './schema-parts.ts';

const severity = z.enum(['low', 'medium', 'high', 'critical']);
const label = z
  .string()
  .trim()
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u, 'a name of 1 to 100 printable characters is required');
const id = () => z.int().min(1);

/** A name or an address, without a port. */
const receiverHost = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?$/i.test(text),
    "a host's name or address is required",
  );

const webhookUrl = z
  .string()
  .max(2000)
  .refine((text) => {
    const url = URL.parse(text);
    if (url === null || url.hash !== '') return false;
    return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackName(url.hostname));
  }, 'an https URL is required, or http for localhost');

const isLoopbackName = (host: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host);

const channelSettings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), url: webhookUrl, format: z.enum(['json', 'chat']) }),
  z.strictObject({
    kind: z.literal('email'),
    to: z
      .array(z.email({ error: 'an e-mail address is required' }).max(254))
      .min(1, 'at least one address is required')
      .max(20, 'at most 20 addresses are possible'),
  }),
  z.strictObject({
    kind: z.literal('syslog'),
    host: receiverHost,
    port: z.int().min(1).max(65_535),
    transport: z.enum(['udp', 'tcp', 'tls']),
    facility: z.int().min(0).max(23).default(13),
  }),
]);

export const channelBody = z.strictObject({
  name: label,
  on: z.boolean(),
  settings: channelSettings,
  newSecret: z.boolean().optional(),
}) satisfies z.ZodType<api.ChannelInput>;

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time such as 22:00 is required');

const timeZone = z.string().refine((text) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}, 'a time zone such as Europe/Berlin is required');

const quietHours = z.strictObject({
  timeZone,
  days: z
    .array(z.int().min(1).max(7))
    .min(1, 'at least one day is required: 1 is Monday')
    .transform((days) => [...new Set(days)].sort((a, b) => a - b)),
  from: timeOfDay,
  to: timeOfDay,
  exceptFrom: severity.nullable(),
});

const mostDetectors = 100;

export const routeBody = z.strictObject({
  name: label,
  on: z.boolean(),
  channelId: id(),
  minimumSeverity: severity,
  hostLabels,
  detectors: z.array(z.string().regex(/^[a-z0-9-]{1,64}$/, 'the id of a detector is required')).max(mostDetectors),
  changes: z
    .array(z.enum(['opened', 'worsened', 'reopened', 'resolved']))
    .min(1, 'at least one is required')
    .transform((changes) => [...new Set(changes)]),
  quietHours: quietHours.nullable(),
  groupSeconds: z.int().min(0).max(3600),
  mostPerHour: z.int().min(1).max(1000),
}) satisfies z.ZodType<api.NotificationRouteSettings>;

/** As they are shown; of a webhook's URL only where it goes. */
const shownSettings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), url: z.string(), format: z.enum(['json', 'chat']) }),
  z.strictObject({ kind: z.literal('email'), to: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal('syslog'),
    host: z.string(),
    port: count(),
    transport: z.enum(['udp', 'tcp', 'tls']),
    facility: count(),
  }),
]) satisfies z.ZodType<api.ChannelSettings>;

const channel = name(
  'NotificationChannel',
  z.strictObject({
    id: id(),
    name: z.string(),
    on: z.boolean(),
    settings: shownSettings,
    hasSecret: z.boolean(),
    createdAt: time(),
    lastDelivery: z.strictObject({ at: time(), ok: z.boolean(), detail: z.string() }).nullable(),
    waiting: count(),
    dead: count(),
  }) satisfies z.ZodType<api.NotificationChannel>,
);
export const notificationChannelList = name('NotificationChannelList', z.strictObject(list(channel)));
export const savedChannel = name(
  'SavedChannel',
  z.strictObject({
    channel,
    secret: z.string().nullable().describe('Shown here only, when one was made.'),
  }) satisfies z.ZodType<api.SavedChannel>,
);

export const notificationRoute = name(
  'NotificationRoute',
  z.strictObject({
    ...routeBody.shape,
    hostLabels: z.array(z.string()),
    changes: z.array(z.enum(['opened', 'worsened', 'reopened', 'resolved'])),
    quietHours: z.strictObject({ ...quietHours.shape, timeZone: z.string(), days: z.array(z.int()) }).nullable(),
    id: id(),
    held: count(),
    holding: z.enum(['nothing', 'grouping', 'quiet-hours', 'hourly-limit', 'off']),
    leftOut: count(),
  }) satisfies z.ZodType<api.NotificationRoute>,
);
export const notificationRouteList = name('NotificationRouteList', z.strictObject(list(notificationRoute)));

const message = z.strictObject({
  id: id(),
  channelId: id(),
  channelName: z.string(),
  routeName: z.string().nullable(),
  state: z.enum(['waiting', 'sent', 'dead', 'dropped']),
  kind: z.enum(['findings', 'digest', 'test']),
  count: count(),
  subject: z.string(),
  createdAt: time(),
  attempts: count(),
  nextAttemptAt: time().nullable(),
  detail: z.string(),
  sentAt: time().nullable(),
}) satisfies z.ZodType<api.NotificationMessage>;
export const notificationMessageList = name('NotificationMessageList', z.strictObject(list(message)));
export const notificationMessage = name(
  'NotificationMessageDetail',
  z.strictObject({
    ...message.shape,
    sent: z.string().nullable().describe('Exactly what was sent last.'),
  }) satisfies z.ZodType<api.NotificationMessageDetail>,
);

export const notificationSummary = name(
  'NotificationSummary',
  z.strictObject({
    asOf: time(),
    channels: count(),
    routes: count(),
    waiting: count(),
    dead: count(),
    mail: z
      .strictObject({ server: z.string(), from: z.string(), encryption: z.enum(['starttls', 'tls', 'none']) })
      .nullable(),
  }) satisfies z.ZodType<api.NotificationSummary>,
);
