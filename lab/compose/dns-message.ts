// Just enough of DNS to answer for one zone: reads the one question of a query, writes the answer to it (RFC 1035, section 4).

const headerBytes = 12;
const mostNameBytes = 255;
const typeA = 1;
const classIn = 1;
const flags = { response: 0x8000, authoritative: 0x0400, recursionDesired: 0x0100, nameError: 3 } as const;

export interface Question {
  id: number;
  recursionDesired: boolean;
  /** Lower case, without the last dot. */
  name: string;
  type: number;
  /** As it came, to be repeated in the answer. */
  bytes: Buffer;
}

/** undefined = not a query with one plain question. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < headerBytes + 5 || message.readUInt16BE(4) !== 1) return undefined;
  const head = message.readUInt16BE(2);
  if (head & flags.response) return undefined;
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63 || at - headerBytes > mostNameBytes) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (message.length < at + 4) return undefined;
  return {
    id: message.readUInt16BE(0),
    recursionDesired: (head & flags.recursionDesired) !== 0,
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at),
    bytes: message.subarray(headerBytes, at + 4),
  };
}

/** `address` undefined = there is no such name. A question for another type than A is answered without records. */
export function writeAnswer(question: Question, address: string | undefined, ttlS: number): Buffer {
  const records = address !== undefined && question.type === typeA ? 1 : 0;
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(question.id, 0);
  const echo = question.recursionDesired ? flags.recursionDesired : 0;
  const code = address === undefined ? flags.nameError : 0;
  header.writeUInt16BE(flags.response | flags.authoritative | echo | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records, 6);
  if (records === 0) return Buffer.concat([header, question.bytes]);
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | headerBytes, 0); // the question's name again (section 4.1.4)
  record.writeUInt16BE(typeA, 2);
  record.writeUInt16BE(classIn, 4);
  record.writeUInt32BE(ttlS, 6);
  record.writeUInt16BE(4, 10);
  record.set(address!.split('.').map(Number), 12);
  return Buffer.concat([header, question.bytes, record]);
}
