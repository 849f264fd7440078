// A message as the two halves of a mail: plain text, and HTML in which every text that is not ours is escaped.
import { findingUrl, headline } from './content.ts';
import type { Item } from './item.ts';
import type { Outgoing, Sender } from './delivery.ts';

export function mailText(message: Outgoing, { dashboard }: Sender): string {
  const { items, more } = message.content;
  if (message.kind === 'test') return `This is a test of Foretop's notifications.\n\n${dashboard}\n`;
  const parts = items.map((item) =>
    [`[${item.severity}] ${headline(item)}`, item.summary, ...facts(item), findingUrl(dashboard, item)].join('\n'),
  );
  return [...opening(message), ...parts, ...tail(more, dashboard)].join('\n\n') + '\n';
}

export function mailHtml(message: Outgoing, { dashboard }: Sender): string {
  const { items, more } = message.content;
  const body =
    message.kind === 'test'
      ? [`<p>This is a test of Foretop's notifications.</p>`, `<p>${link(dashboard, dashboard)}</p>`]
      : [
          ...opening(message).map((text) => `<p>${escapeHtml(text)}</p>`),
          ...items.map((item) => itemHtml(item, dashboard)),
          ...tail(more, dashboard).map((text) => `<p>${escapeHtml(text)}</p>`),
        ];
  return `<!doctype html><html><head><meta charset="utf-8"></head><body>${body.join('\n')}</body></html>`;
}

function itemHtml(item: Item, dashboard: string): string {
  const details = facts(item).map((fact) => `<br>${escapeHtml(fact)}`);
  return `<p><strong>[${item.severity}] ${escapeHtml(headline(item))}</strong><br>${escapeHtml(item.summary)}${details.join('')}<br>${link(findingUrl(dashboard, item), 'Open the finding')}</p>`;
}

const opening = ({ kind, count }: Outgoing) => (kind === 'digest' ? [`Digest of ${count} changes that waited.`] : []);
const tail = (more: number, dashboard: string) => (more > 0 ? [`And ${more} more: ${dashboard}/findings`] : []);

function facts({ peer, process, technique, start, end, count }: Item): string[] {
  return [
    [peer && `Far end: ${peer}`, process && `Process: ${process}`].filter(Boolean).join(' · '),
    `${technique.id} ${technique.name} · from ${start} to ${end} · ${count} observations`,
  ].filter((line) => line !== '');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char]!);

const link = (url: string, text: string) => `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`;
