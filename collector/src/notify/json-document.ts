// The document that a webhook posts. docs/notifications.md describes it; fields are only ever added.
import { findingUrl } from './content.ts';
import type { Outgoing, Sender } from './delivery.ts';

const documentVersion = 1;

export function jsonDocument(message: Outgoing, { collectorId, dashboard }: Sender): object {
  const { items, more } = message.content;
  return {
    version: documentVersion,
    id: `${collectorId}/${message.id}`,
    kind: message.kind,
    subject: message.subject,
    route: message.routeName,
    createdAt: message.createdAt.toISOString(),
    dashboard,
    count: message.count,
    more,
    findings: items.map(({ findingId, hostId, host, ...item }) => ({
      id: findingId,
      url: findingUrl(dashboard, { findingId, hostId, host, ...item }),
      host: { id: hostId, name: host },
      ...item,
    })),
  };
}
