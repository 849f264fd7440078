// One syslog message (RFC 5424 section 6) for one change of a finding.
import type { NotificationSeverity } from '@foretop/proto/api';
import { headline } from './content.ts';
import type { Item } from './item.ts';

/** RFC 5424 section 6.2.1. */
const levels: Record<NotificationSeverity, number> = { critical: 2, high: 3, medium: 4, low: 5 };
const informational = 6;

/** Foretop has no number of its own at IANA; this one is set aside for examples (RFC 5612). */
const dataId = 'foretop@32473';

export interface FrameSender {
  facility: number;
  hostname: string;
}

export function findingFrame(item: Item, sender: FrameSender): string {
  const level = item.change === 'resolved' ? informational : levels[item.severity];
  const parameters = {
    finding: item.findingId,
    change: item.change,
    severity: item.severity,
    detector: item.detector,
    technique: item.technique.id,
    host: item.host,
    hostId: String(item.hostId),
    peer: item.peer,
    process: item.process,
    start: item.start,
    end: item.end,
    count: String(item.count),
  };
  const data = Object.entries(parameters)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ` ${name}="${value.replace(/["\\\]]/g, '\\$&')}"`);
  return frame(sender, level, item.end, 'finding', `[${dataId}${data.join('')}]`, `${headline(item)}: ${item.summary}`);
}

export function noteFrame(sender: FrameSender, time: string, id: string, text: string): string {
  return frame(sender, informational, time, id, '-', text);
}

/** A text that is UTF-8 begins with a byte order mark (section 6.4). */
function frame(
  { facility, hostname }: FrameSender,
  level: number,
  time: string,
  id: string,
  data: string,
  text: string,
): string {
  const head = `<${facility * 8 + level}>1 ${time} ${asciiName(hostname, 255)} foretop ${process.pid} ${asciiName(id, 32)}`;
  return `${head} ${data} \ufeff${text}`;
}

const asciiName = (text: string, longest: number) => text.replace(/[^\x21-\x7e]/g, '').slice(0, longest) || '-';

/** Cuts between characters: what UDP may carry of a message. */
export function cutUtf8(text: string, mostBytes: number): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return bytes;
  let end = mostBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
