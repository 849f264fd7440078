// What F filters by in a column of the connections table; loaded when it is first pressed.
import { shapeOf } from '../ui/connection-states.ts';
import { unknownProcess, type Condition } from './connection-filter.ts';
import type { ConnectionRow } from './connection-row.ts';

/** undefined where a cell means no condition. */
export function conditionOfCell(row: ConnectionRow, column: string): Omit<Condition, 'exclude'> | undefined {
  switch (column) {
    case 'host':
      return { field: 'host', value: row.host };
    case 'pid':
      return row.pid === null ? undefined : { field: 'process', value: String(row.pid) };
    case 'local':
      return { field: 'address', value: row.localAddress };
    case 'remote':
      return row.remoteAddress ? { field: 'address', value: row.remoteAddress } : undefined;
    case 'country':
      return row.place?.country ? { field: 'country', value: row.place.country } : undefined;
    case 'network':
      return row.place?.asn ? { field: 'asn', value: String(row.place.asn) } : undefined;
    case 'protocol':
      return row.protocol ? { field: 'protocol', value: row.protocol } : undefined;
    case 'state':
      return { field: 'state', value: shapeOf(row.state, row.closed) };
    default:
      return { field: 'process', value: row.process || unknownProcess };
  }
}
