// Hands a message to the sender of its channel's kind.
import { hostname } from 'node:os';
import type { ClaimedMessage } from '../store/queries/notification-messages.ts';
import type { Content } from './content.ts';
import type { Delivery, Outgoing } from './delivery.ts';
import { createMailer, type MailServer } from './send-email.ts';
import { sendSyslog } from './send-syslog.ts';
import { sendWebhook } from './send-webhook.ts';

export interface Senders {
  /** Ends within a minute, whatever the receiver does. */
  send(message: ClaimedMessage): Promise<Delivery>;
}

export interface SenderOptions {
  store: { collectorId: string };
  mail: MailServer | undefined;
  dashboard: string;
  version: string;
  /** Breaks off what is under way. */
  signal: AbortSignal;
}

export function createSenders({ store, mail, dashboard, version, signal }: SenderOptions): Senders {
  const sender = { collectorId: store.collectorId, dashboard, version, hostname: hostname(), signal };
  const sendEmail = createMailer(mail, sender);
  return {
    send(message) {
      const outgoing: Outgoing = { ...message, content: message.content as Content };
      const { settings } = message;
      switch (settings.kind) {
        case 'webhook':
          return sendWebhook(settings, outgoing, sender);
        case 'email':
          return sendEmail(settings, outgoing);
        case 'syslog':
          return sendSyslog(settings, outgoing, sender);
        default:
          throw new TypeError(`no sender for ${String(settings satisfies never)}`);
      }
    },
  };
}
