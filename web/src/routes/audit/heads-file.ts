// The signed ends of the audit chains as a file: one head a line, for `foretop audit verify --heads`.
import type { AuditHeads } from '@foretop/proto/api';

/** The statement is what counts; `keeper` says whose chain it is of, and the rest tells people. */
export function headsFile({ collector, hosts }: AuditHeads): string {
  const lines = [
    ...(collector
      ? [{ keeper: 'collector', sequence: collector.sequence, key: collector.key, head: collector.head }]
      : []),
    ...hosts.map(({ hostName, sequence, head }) => ({ keeper: 'host', host: hostName, sequence, head })),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
