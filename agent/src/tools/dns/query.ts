// DNS questions (RFC 1035, EDNS of RFC 6891, DO of RFC 3225) as a tool asks them.

const headerBytes = 12;
const recursionDesired = 0x0100;
/** RFC 6840 section 5.7: whoever sets it wants to know whether the answer was validated. */
const authenticData = 0x0020;
const optType = 41;
const dnssecOk = 0x8000;
/** What fits everywhere without fragments (the DNS flag day of 2020). */
export const udpBytes = 1_232;

export interface Question {
  id: number;
  /** As people write it: labels with dots between them, \DDD and \X escapes. */
  name: string;
  type: number;
  dnssec: boolean;
}

/** Throws RangeError for a name that DNS cannot hold. */
export function encodeQuery({ id, name, type, dnssec }: Question): Uint8Array {
  const labels = encodeName(name);
  const bytes = new Uint8Array(headerBytes + labels.length + 4 + 11);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, recursionDesired | authenticData);
  view.setUint16(4, 1);
  view.setUint16(10, 1);
  bytes.set(labels, headerBytes);
  const at = headerBytes + labels.length;
  view.setUint16(at, type);
  view.setUint16(at + 2, 1);
  view.setUint16(at + 5, optType);
  view.setUint16(at + 7, udpBytes);
  view.setUint16(at + 11, dnssec ? dnssecOk : 0);
  return bytes;
}

/** Throws RangeError. */
export function encodeName(name: string): Uint8Array {
  const bytes: number[] = [];
  if (name !== '.') for (const label of labelsOf(name)) bytes.push(label.length, ...label);
  bytes.push(0);
  if (bytes.length > 255) throw new RangeError(`a name of ${bytes.length} bytes, at most 255 are allowed`);
  return Uint8Array.from(bytes);
}

/** Letters of other scripts as a browser would ask for them: in Punycode. */
export function asciiName(name: string): string {
  if (/^[\x21-\x7e]*$/.test(name)) return name;
  const url = URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : '';
  if (url === '') throw new RangeError('the name has letters that DNS does not know');
  return url;
}

function labelsOf(name: string): number[][] {
  const labels: number[][] = [[]];
  for (let at = 0; at < name.length; at++) {
    const character = name[at]!;
    if (character === '.') labels.push([]);
    else if (character !== '\\') labels.at(-1)!.push(name.charCodeAt(at));
    else {
      const digits = /^\d{3}/.exec(name.slice(at + 1))?.[0];
      labels.at(-1)!.push(digits ? Number(digits) : name.charCodeAt(at + 1));
      at += digits ? 3 : 1;
    }
  }
  if (labels.length > 1 && labels.at(-1)!.length === 0) labels.pop();
  for (const label of labels)
    if (label.length === 0 || label.length > 63 || label.some((byte) => !(byte <= 255)))
      throw new RangeError('a label has 1 to 63 bytes');
  return labels;
}
