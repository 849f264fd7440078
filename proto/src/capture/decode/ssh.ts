// The first line of SSH (RFC 4253, section 4.2); what follows is binary and mostly encrypted.
import type { Dissection } from './dissection.ts';
import { lineEnd, matches } from './http.ts';
import type { Payload } from './next-layer.ts';
import { textOf } from './text.ts';

const mostLineBytes = 255;

export const startsSsh = (bytes: Uint8Array, from: number, end: number): boolean => matches(bytes, from, end, 'SSH-');

export function ssh(d: Dissection, from: number, end: number, { sourcePort, destinationPort }: Payload): void {
  const line = lineEnd(d.bytes, from, end);
  const text = textOf(d.bytes, from, line.text, mostLineBytes);
  d.layer('SSH Protocol', from, line.next);
  d.field('Protocol', text, from, line.text - from);
  const who = sourcePort < destinationPort ? 'Server' : 'Client';
  d.column(text.startsWith('SSH-1.') && !text.startsWith('SSH-1.99') ? 'SSHv1' : 'SSHv2', `${who}: Protocol (${text})`);
}
