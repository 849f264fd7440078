// All operations of the REST API, in the order in which its document shows them.
import { accountOperations } from '../routes/accounts.ts';
import { actOperations } from '../routes/act.ts';
import { activityOperations } from '../routes/activity.ts';
import { auditOperations } from '../routes/audit.ts';
import { bandwidthOperations } from '../routes/bandwidth.ts';
import { commandOperations } from '../routes/commands.ts';
import { connectionDetailOperations } from '../routes/connection-detail.ts';
import { connectionOperations } from '../routes/connections.ts';
import { coverageOperations } from '../routes/coverage.ts';
import { detectorOperations } from '../routes/detectors.ts';
import { dnsOperations } from '../routes/dns.ts';
import { enrolmentOperations } from '../routes/enrolment.ts';
import { findingOperations } from '../routes/findings.ts';
import { fleetOperations } from '../routes/fleet.ts';
import { gapOperations } from '../routes/gaps.ts';
import { historyOperations } from '../routes/history.ts';
import { hostOperations } from '../routes/hosts.ts';
import { interfaceOperations } from '../routes/interfaces.ts';
import { labelOperations } from '../routes/labels.ts';
import { ownAccountOperations } from '../routes/own-account.ts';
import { notificationChannelOperations } from '../routes/notification-channels.ts';
import { notificationMessageOperations } from '../routes/notification-messages.ts';
import { notificationRouteOperations } from '../routes/notification-routes.ts';
import { placeOperations } from '../routes/places.ts';
import { processOperations } from '../routes/processes.ts';
import { scanOperations } from '../routes/scans.ts';
import { sessionOperations } from '../routes/session.ts';
import { statsOperations } from '../routes/stats.ts';
import { suppressionOperations } from '../routes/suppressions.ts';
import { systemOperations } from '../routes/system.ts';
import { tokenOperations } from '../routes/tokens.ts';
import { toolEventOperations } from '../routes/tool-events.ts';
import { toolPacketOperations } from '../routes/tool-packets.ts';
import { toolRunOperations } from '../routes/tool-runs.ts';
import { toolWatchOperations } from '../routes/tool-watches.ts';
import { toolAddressOperations } from '../routes/tool-address.ts';
import { trafficMapOperations } from '../routes/traffic-map.ts';
import { trustOperations } from '../routes/trust.ts';
import { trustKeyOperations } from '../routes/trust-keys.ts';
import type { Operation } from './operation.ts';

export const operations: readonly Operation[] = [
  ...statsOperations,
  ...fleetOperations,
  ...connectionOperations,
  ...connectionDetailOperations,
  ...dnsOperations,
  ...scanOperations,
  ...placeOperations,
  ...trafficMapOperations,
  ...hostOperations,
  ...interfaceOperations,
  ...bandwidthOperations,
  ...gapOperations,
  ...coverageOperations,
  ...activityOperations,
  ...processOperations,
  ...enrolmentOperations,
  ...trustOperations,
  ...trustKeyOperations,
  ...findingOperations,
  ...suppressionOperations,
  ...detectorOperations,
  ...historyOperations,
  ...actOperations,
  ...commandOperations,
  ...toolRunOperations,
  ...toolEventOperations,
  ...toolPacketOperations,
  ...toolWatchOperations,
  ...toolAddressOperations,
  ...notificationMessageOperations,
  ...notificationChannelOperations,
  ...notificationRouteOperations,
  ...auditOperations,
  ...labelOperations,
  ...sessionOperations,
  ...ownAccountOperations,
  ...accountOperations,
  ...tokenOperations,
  ...systemOperations,
];
