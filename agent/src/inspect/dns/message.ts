// DNS messages (RFC 1035, 6891) as far as an observer needs them: questions, the answer's addresses and aliases, and the codes.
import { readU16, readU32 } from '../bytes.ts';
import { readName } from './name.ts';

export const dnsTypes = { a: 1, cname: 5, aaaa: 28, opt: 41 } as const;
const classInternet = 1;

const headerBytes = 12;
/** mDNS asks for many names at once (RFC 6762, section 5.3); nothing honest asks for more than fit one packet. */
const maxQuestions = 128;
const maxRecords = 1_024;
export const maxAddresses = 64;
export const maxCanonicalNames = 16;

export interface DnsQuestion {
  /** As `readName` gives it. */
  name: string;
  type: number;
}

export interface DnsRecord {
  name: string;
  type: number;
  ttlSeconds: number;
  /** A and AAAA: 4 or 16 bytes, a copy. */
  address?: Uint8Array;
  /** CNAME. */
  target?: string;
}

export interface DnsMessage {
  id: number;
  response: boolean;
  opcode: number;
  truncated: boolean;
  /** With the extended bits of EDNS. */
  rcode: number;
  questions: DnsQuestion[];
  /** What the header claims. */
  questionCount: number;
  /** Of the answer section (in mDNS also the additional one), in order; other types without their data. */
  records: DnsRecord[];
  /** Of the answer section: at most 64. */
  addresses: Uint8Array[];
  /** CNAME targets of the answer section in order: at most 16. */
  canonicalNames: string[];
  /** The message ended early or holds something unreadable; what stands above was read before that. */
  malformed: boolean;
  /** Where reading ended. */
  end: number;
}

/**
 * Reads as far as it can.
 * @returns undefined when not even the header and, if it claims one, a first question can be read.
 */
export function parseDnsMessage(bytes: Uint8Array): DnsMessage | undefined {
  if (bytes.length < headerBytes) return undefined;
  const flags = readU16(bytes, 2);
  const message: DnsMessage = {
    id: readU16(bytes, 0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    truncated: (flags & 0x0200) !== 0,
    rcode: flags & 15,
    questions: [],
    questionCount: readU16(bytes, 4),
    records: [],
    addresses: [],
    canonicalNames: [],
    malformed: false,
    end: headerBytes,
  };
  if (!readQuestions(bytes, message)) {
    if (message.questions.length === 0) return undefined;
    message.malformed = true;
    return message;
  }
  const sections = [readU16(bytes, 6), readU16(bytes, 8), readU16(bytes, 10)];
  for (let section = 0, left = maxRecords; section < 3 && !message.malformed; section++) {
    for (let record = sections[section]!; record > 0 && !message.malformed; record--) {
      if (left-- > 0 && readRecord(bytes, message, section)) continue;
      message.malformed = true;
    }
  }
  return message;
}

function readQuestions(bytes: Uint8Array, message: DnsMessage): boolean {
  for (let left = message.questionCount; left > 0; left--) {
    const name = readName(bytes, message.end);
    if (!name || name.end + 4 > bytes.length || message.questions.length >= maxQuestions) return false;
    message.questions.push({ name: name.name, type: readU16(bytes, name.end) });
    message.end = name.end + 4;
  }
  return true;
}

function readRecord(bytes: Uint8Array, message: DnsMessage, section: number): boolean {
  const owner = readName(bytes, message.end);
  if (!owner || owner.end + 10 > bytes.length) return false;
  const type = readU16(bytes, owner.end);
  const data = owner.end + 10;
  const dataBytes = readU16(bytes, owner.end + 8);
  if (data + dataBytes > bytes.length) return false;
  message.end = data + dataBytes;
  if (type === dnsTypes.opt) {
    // RFC 6891, section 6.1.3: the upper eight bits of the code.
    if (section === 2) message.rcode |= bytes[owner.end + 4]! << 4;
    return true;
  }
  if (section === 1) return true;
  const record: DnsRecord = { name: owner.name, type, ttlSeconds: readU32(bytes, owner.end + 4) };
  // RFC 6762, section 10.2: in mDNS the top bit of the class says something else.
  const isInternet = (readU16(bytes, owner.end + 2) & 0x7fff) === classInternet;
  const size = type === dnsTypes.a ? 4 : type === dnsTypes.aaaa ? 16 : 0;
  if (isInternet && size > 0 && dataBytes === size) record.address = bytes.slice(data, data + size);
  if (isInternet && type === dnsTypes.cname) {
    const target = readName(bytes, data);
    if (!target) return false;
    record.target = target.name;
  }
  if (section === 0) keepAnswer(message, record);
  if (section === 0 || record.address) message.records.push(record);
  return true;
}

function keepAnswer(message: DnsMessage, { address, target }: DnsRecord): void {
  if (address && message.addresses.length < maxAddresses) message.addresses.push(address);
  if (target !== undefined && message.canonicalNames.length < maxCanonicalNames) message.canonicalNames.push(target);
}
