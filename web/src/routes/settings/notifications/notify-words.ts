// Channels and routes in words, and as they begin when one makes a new one.
import type {
  ChannelKind,
  ChannelSettings,
  FindingChangeKind,
  NotificationRoute,
  NotificationRouteSettings,
  QuietHours,
} from '@foretop/proto/api';
import { severityWords } from '#lib/findings/severity.ts';
import { duration } from '#lib/format/duration.ts';

export const kindWords: Readonly<Record<ChannelKind, string>> = {
  webhook: 'Webhook',
  email: 'E-mail',
  syslog: 'Syslog',
};

export const targetWords = (settings: ChannelSettings): string => {
  if (settings.kind === 'webhook') return settings.url;
  if (settings.kind === 'email') return settings.to.join(', ');
  return `${settings.host} port ${settings.port}, ${settings.transport.toUpperCase()}`;
};

export const emptySettings = (kind: ChannelKind): ChannelSettings => {
  if (kind === 'webhook') return { kind, url: '', format: 'json' };
  if (kind === 'email') return { kind, to: [] };
  return { kind, host: '', port: 514, transport: 'udp', facility: 13 };
};

export const changeWords: Readonly<Record<FindingChangeKind, string>> = {
  opened: 'a new one',
  worsened: 'one that got worse',
  reopened: 'one that came back',
  resolved: 'one that was resolved',
};

export const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

export const emptyRoute = (channelId: number): NotificationRouteSettings => ({
  name: '',
  on: true,
  channelId,
  minimumSeverity: 'high',
  hostLabels: [],
  detectors: [],
  changes: ['opened', 'worsened', 'reopened'],
  quietHours: null,
  groupSeconds: 60,
  mostPerHour: 30,
});

export const usualQuiet = (timeZone: string): QuietHours => ({
  timeZone,
  days: [1, 2, 3, 4, 5, 6, 7],
  from: '22:00',
  to: '06:00',
  exceptFrom: 'critical',
});

/** "high and above, hosts with prod, quiet 22:00 to 06:00 but for critical". */
export function routeWords(route: NotificationRouteSettings): string {
  const { quietHours: quiet } = route;
  const except = quiet?.exceptFrom ? ` but for ${severityWords[quiet.exceptFrom].toLowerCase()}` : '';
  return [
    route.minimumSeverity === 'low' ? 'all severities' : `${route.minimumSeverity} and above`,
    route.hostLabels.length > 0 && `hosts with ${route.hostLabels.join(' or ')}`,
    route.detectors.length > 0 && `${route.detectors.length} ${route.detectors.length === 1 ? 'type' : 'types'}`,
    quiet && `quiet ${quiet.from} to ${quiet.to}${except}`,
  ]
    .filter(Boolean)
    .join(', ');
}

const reasons: Readonly<Record<NotificationRoute['holding'], string>> = {
  nothing: '',
  grouping: 'gathering what belongs together',
  'quiet-hours': 'quiet hours',
  'hourly-limit': 'as many as an hour may have were sent',
  off: 'the route or its channel is off',
};

/** Empty: nothing waits. */
export const heldWords = ({ held, holding, leftOut }: NotificationRoute): string =>
  [
    held > 0 ? `${held} held${reasons[holding] && `: ${reasons[holding]}`}` : '',
    leftOut > 0 ? `${leftOut} left out` : '',
  ]
    .filter(Boolean)
    .join(', ');

export const groupWords = (seconds: number): string =>
  seconds === 0 ? 'at once' : `gathered for ${duration(seconds * 1000)}`;
