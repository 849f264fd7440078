// All operations of the REST API, in the order in which its document shows them.
import { activityOperations } from '../routes/activity.ts';
import { auditOperations } from '../routes/audit.ts';
import { bandwidthOperations } from '../routes/bandwidth.ts';
import { connectionDetailOperations } from '../routes/connection-detail.ts';
import { connectionOperations } from '../routes/connections.ts';
import { enrolmentOperations } from '../routes/enrolment.ts';
import { gapOperations } from '../routes/gaps.ts';
import { historyOperations } from '../routes/history.ts';
import { hostOperations } from '../routes/hosts.ts';
import { interfaceOperations } from '../routes/interfaces.ts';
import { processOperations } from '../routes/processes.ts';
import { sessionOperations } from '../routes/session.ts';
import { statsOperations } from '../routes/stats.ts';
import { systemOperations } from '../routes/system.ts';
import type { Operation } from './operation.ts';

export const operations: readonly Operation[] = [
  ...statsOperations,
  ...connectionOperations,
  ...connectionDetailOperations,
  ...hostOperations,
  ...interfaceOperations,
  ...bandwidthOperations,
  ...gapOperations,
  ...activityOperations,
  ...processOperations,
  ...enrolmentOperations,
  ...historyOperations,
  ...auditOperations,
  ...sessionOperations,
  ...systemOperations,
];
