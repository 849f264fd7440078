// How a host's part of a capture stands, in words.
import type { ToolRunHost } from '@foretop/proto/api';
import { asText, bytes, count } from '../format/figures.ts';
import { partWords } from '../tools/tool-words.ts';
import type { PacketSource } from './packet-list.svelte.ts';

/** "1,204 packets, 1.20 MB, capturing". `part` as it stands now. */
export function sourceWords(source: PacketSource, part: ToolRunHost): string {
  if (source.state === 'no-key') return `${stored(part)}sealed to a key that is not in this browser`;
  const figures = `${count(source.packets)} ${source.packets === 1 ? 'packet' : 'packets'}, ${asText(bytes(source.bytes))}`;
  if (source.state === 'following') return `${figures}, ${part.status === 'running' ? 'capturing' : 'reading'}`;
  const isPlain = part.outcome === 'completed' || part.outcome === 'cancelled' || part.status === 'running';
  return isPlain ? figures : `${figures}, ${partWords(part, undefined)}`;
}

const stored = ({ packets }: ToolRunHost): string => (packets ? `${asText(bytes(packets.bytes))} stored, ` : '');

/** What should be known of it beside that; empty = nothing. */
export function sourceTrouble({ state, detail, dropped, cutOff, packets }: PacketSource, part: ToolRunHost): string {
  if (cutOff !== '') return `${cutOff} Trying again; what is shown came before.`;
  if (state === 'failed') return detail;
  if (state === 'no-key') return '';
  if (state === 'cut' && (packets > 0 || part.outcome === 'completed'))
    return 'Cut: the end of the stream is missing. What came before is shown.';
  if (dropped > 0) return `${count(dropped)} more were lost on the host, which could not keep up.`;
  return '';
}
