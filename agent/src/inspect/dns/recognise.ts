// Whether a datagram on any port is a DNS message: strict, because only its form can tell.
import { readU16 } from '../bytes.ts';
import { parseDnsMessage } from './message.ts';

const headerBytes = 12;
/** The reserved bit. */
const zBit = 0x0040;
const maxQuestionType = 300;

export function looksLikeDns(payload: Uint8Array): boolean {
  if (payload.length < headerBytes + 5 || readU16(payload, 4) !== 1) return false;
  if ((readU16(payload, 2) & zBit) !== 0 || (payload[2]! & 0x78) !== 0) return false;
  const message = parseDnsMessage(payload);
  if (!message || message.malformed || message.end !== payload.length) return false;
  const question = message.questions[0]!;
  return question.type > 0 && question.type < maxQuestionType && question.name !== '.';
}
