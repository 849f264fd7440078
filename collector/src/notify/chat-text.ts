// A message as chat services take it: everything that is not ours stands in code spans, where neither markup nor @here means anything.
import { findingUrl, headline } from './content.ts';
import type { Outgoing, Sender } from './delivery.ts';

/** Services cut or refuse longer texts: https://docs.slack.dev/changelog/2018-truncating-really-long-messages */
const longest = 30_000;
const mostShown = 20;

export function chatText(message: Outgoing, { dashboard }: Sender): string {
  const { items, more } = message.content;
  if (message.kind === 'test') return `Foretop: this is a test. ${dashboard}`;
  const shown = items.slice(0, mostShown);
  const rest = items.length - shown.length + more;
  const title = message.kind === 'digest' ? `Digest of ${message.count} changes` : undefined;
  const lines = shown.map(
    (item) =>
      `*${item.severity}* ${code(headline(item))} – ${code(item.summary)} <${findingUrl(dashboard, item)}|details>`,
  );
  const tail = rest > 0 ? [`and ${rest} more: ${dashboard}/findings`] : [];
  return [...(title === undefined ? [] : [title]), ...lines, ...tail].join('\n').slice(0, longest).toWellFormed();
}

/** https://docs.slack.dev/messaging/formatting-message-text: these three are escaped, everywhere. */
const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A backtick would end the span. */
const code = (text: string) => `\`${escape(text.replaceAll('`', "'"))}\``;
