// A DNS answer with all its records, in the form in which zone files write them. Whatever a message holds, it is bounded and never throws.
import { dnsTypeName, rcodeName } from '@foretop/proto';
import type { DnsAnswerEvent } from '@foretop/proto/tools';
import { readU16, readU32 } from '../../inspect/bytes.ts';
import { readName } from '../../inspect/dns/name.ts';
import { recordText } from './record-text.ts';

const headerBytes = 12;
const mostRecords = 100;
const optType = 41;
const classInternet = 1;
const sections = ['answer', 'authority', 'additional'] as const;

export type DnsRecordText = DnsAnswerEvent['records'][number];

export interface DnsAnswer {
  id: number;
  rcode: string;
  flags: DnsAnswerEvent['flags'];
  question: { name: string; type: number } | undefined;
  records: DnsRecordText[];
  /** Ended early, or holds something unreadable. */
  isDamaged: boolean;
}

/** undefined: no answer, not even its header. */
export function readAnswer(bytes: Uint8Array): DnsAnswer | undefined {
  if (bytes.length < headerBytes) return undefined;
  const bits = readU16(bytes, 2);
  if ((bits & 0x8000) === 0 || readU16(bytes, 4) > 1) return undefined;
  const answer: DnsAnswer = {
    id: readU16(bytes, 0),
    rcode: '',
    flags: {
      authoritative: (bits & 0x0400) !== 0,
      truncated: (bits & 0x0200) !== 0,
      recursionAvailable: (bits & 0x0080) !== 0,
      authenticData: (bits & 0x0020) !== 0,
    },
    question: undefined,
    records: [],
    isDamaged: false,
  };
  let at: number | undefined = headerBytes;
  let code = bits & 15;
  if (readU16(bytes, 4) === 1) {
    const asked = readName(bytes, at);
    if (!asked || asked.end + 4 > bytes.length || readU16(bytes, asked.end + 2) !== classInternet) return undefined;
    answer.question = { name: asked.name, type: readU16(bytes, asked.end) };
    at = asked.end + 4;
  }
  for (const [index, section] of sections.entries()) {
    for (let left = readU16(bytes, 6 + index * 2); left > 0 && at !== undefined; left--) {
      const found = readRecord(bytes, at);
      at = found?.end;
      if (!found) answer.isDamaged = true;
      // RFC 6891 section 6.1.3: the upper eight bits of the code.
      else if (found.type === optType) code |= (found.ttl >>> 24) << 4;
      else if (section !== 'additional' && answer.records.length < mostRecords)
        answer.records.push({ section, ...textOf(bytes, found) });
    }
  }
  answer.rcode = rcodeName(code);
  return answer;
}

interface Found {
  name: string;
  type: number;
  ttl: number;
  data: number;
  end: number;
}

function readRecord(bytes: Uint8Array, start: number): Found | undefined {
  const owner = readName(bytes, start);
  if (!owner || owner.end + 10 > bytes.length) return undefined;
  const data = owner.end + 10;
  const end = data + readU16(bytes, owner.end + 8);
  if (end > bytes.length) return undefined;
  return { name: owner.name, type: readU16(bytes, owner.end), ttl: readU32(bytes, owner.end + 4), data, end };
}

function textOf(bytes: Uint8Array, { name, type, ttl, data, end }: Found) {
  return { name, type: dnsTypeName(type), ttl, data: recordText(bytes, { type, start: data, end }) };
}
