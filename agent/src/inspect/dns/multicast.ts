// Which question an mDNS answer answers: it repeats neither the id nor the question (RFC 6762, section 6).
import type { DnsMessage, DnsQuestion } from './message.ts';

const anyType = 255;

export interface MatchedAnswer {
  addresses: Uint8Array[];
}

/** @returns undefined when none of the records is about the question. */
export function findMulticastAnswer(message: DnsMessage, { name, type }: DnsQuestion): MatchedAnswer | undefined {
  const about = message.records.filter((record) => record.name === name);
  if (!about.some((record) => type === anyType || record.type === type)) return undefined;
  return { addresses: about.flatMap(({ address }) => address ?? []) };
}
