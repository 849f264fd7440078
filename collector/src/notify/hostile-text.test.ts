// What hosts and networks say is shown by every sink, and steers none of them.
import { expect, test } from 'vitest';
import { chatText } from './chat-text.ts';
import { subjectOf } from './content.ts';
import { itemOf, plainText } from './item.ts';
import { jsonDocument } from './json-document.ts';
import { mailHtml, mailText } from './mail-body.ts';
import { cutUtf8, findingFrame } from './syslog-frame.ts';
import { change, outgoing, sender } from './test-receivers.ts';

const hostile = {
  summary:
    'a\r\nBcc: x@example.org\u0000 <script>alert(1)</script> `code` <!channel> @here \u202eevil\u200b & "quoted" \\',
  process: '"]<14>1 forged\\',
  peer: '<img src=x onerror=alert(1)>',
};

test('controls, directional and invisible characters become their codes, in no more than so many characters', () => {
  expect(plainText('a\n\u202eb\u200b\u2028\ud800', 100)).toBe('a⟨A⟩⟨202E⟩b⟨200B⟩⟨2028⟩\ufffd');
  expect(plainText('\n'.repeat(100), 10)).toHaveLength(10);
  expect(plainText('😀😀', 3)).toBe('😀\ufffd');
});

test('a time that no date can hold does not fail', () => {
  expect(itemOf(change({ startUs: 1e30, endUs: NaN }))).toMatchObject({
    start: '1970-01-01T00:00:00.000Z',
    end: '1970-01-01T00:00:00.000Z',
  });
});

test('a subject is one line', () => {
  const item = { ...itemOf(change({ title: 'a\r\nBcc: x@example.org' })), host: 'h\n' };
  expect(subjectOf([item])).not.toMatch(/[\r\n]/);
});

test('mail: no markup of theirs, and nothing that could become a header', () => {
  const html = mailHtml(outgoing([change(hostile)]), sender);
  expect(html).not.toMatch(/<script|<img|[\r\0]/);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html).toContain('&quot;quoted&quot;');
  expect(mailText(outgoing([change(hostile)]), sender)).not.toMatch(/^Bcc:/m);
});

test('chat: their words stand in code spans, without an end of the span, tags or line breaks', () => {
  const text = chatText(outgoing([change(hostile)]), sender);
  expect(text.split('\n')).toHaveLength(1);
  expect(text).not.toContain('<!channel>');
  expect(text).toContain('&lt;!channel&gt;');
  const outside = text.replace(/`[^`]*`/g, '').replace(/<https:\/\/foretop\.example\/findings\/00ff\|details>/, '');
  expect(outside).toBe('*high*  –  ');
});

test('syslog: one line, with quotes, brackets and backslashes of parameters escaped', () => {
  const frame = findingFrame({ ...itemOf(change(hostile)), host: 'web]"1' }, { facility: 13, hostname: 'böse name' });
  expect(frame).not.toMatch(/[\r\n\0]/);
  expect(frame).toMatch(/^<107>1 2026-11-18T11:06:52\.000Z bsename foretop \d+ finding \[foretop@32473 /);
  expect(frame).toContain('host="web\\]\\"1"');
  expect(frame).toContain('process="\\"\\]<14>1 forged\\\\"');
  // The one bracket that is not escaped ends the data.
  expect(frame.replace(/\\./g, '').indexOf(']')).toBe(frame.replace(/\\./g, '').indexOf('] \ufeff'));
});

test('a datagram is cut between characters', () => {
  expect(cutUtf8('aéé', 4).toString()).toBe('aé');
  expect(cutUtf8('aéé', 5).toString()).toBe('aéé');
});

test('json: fields as they are documented', () => {
  const document = JSON.parse(JSON.stringify(jsonDocument(outgoing([change(hostile)]), sender))) as Record<
    string,
    unknown
  >;
  expect(document).toMatchObject({ version: 1, id: 'c0ffee/17', kind: 'findings', count: 1, more: 0, route: 'route' });
  expect((document['findings'] as object[])[0]).toMatchObject({
    id: '00ff',
    url: 'https://foretop.example/findings/00ff',
    host: { id: 1, name: 'web-1' },
    change: 'opened',
    severity: 'high',
    detector: 'port-scan',
    technique: { id: 'T1046' },
  });
  expect(JSON.stringify(document)).not.toContain('\\u0000');
});

test('of very many findings the gravest are told, and the rest counted', () => {
  const many = Array.from({ length: 70 }, (_, i) =>
    change({ severity: i === 69 ? 'critical' : 'low', findingId: `${i}` }),
  );
  const message = outgoing(many);
  expect(message.subject).toBe('[critical] 70 findings on web-1');
  expect(message.content.items).toHaveLength(50);
  expect(message.content.items.at(-1)).toMatchObject({ severity: 'critical' });
  expect(message.content.more).toBe(20);
  expect(chatText(message, sender)).toContain('and 50 more: https://foretop.example/findings');
});
