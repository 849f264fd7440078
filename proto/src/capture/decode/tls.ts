// TLS records (RFC 8446, section 5.1) of one segment, and the handshake messages, alerts and version that they show in the clear.
import { hexNumber, u16, u24, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { clientHello, serverHello, versionName } from './tls-hello.ts';

const contentTypes: Readonly<Record<number, string>> = {
  20: 'Change Cipher Spec',
  21: 'Alert',
  22: 'Handshake',
  23: 'Application Data',
  24: 'Heartbeat',
};
const handshakes: Readonly<Record<number, string>> = {
  0: 'Hello Request',
  1: 'Client Hello',
  2: 'Server Hello',
  4: 'New Session Ticket',
  5: 'End of Early Data',
  8: 'Encrypted Extensions',
  11: 'Certificate',
  12: 'Server Key Exchange',
  13: 'Certificate Request',
  14: 'Server Hello Done',
  15: 'Certificate Verify',
  16: 'Client Key Exchange',
  20: 'Finished',
  22: 'Certificate Status',
  24: 'Key Update',
};
const alerts: Readonly<Record<number, string>> = {
  0: 'Close Notify',
  10: 'Unexpected Message',
  20: 'Bad Record MAC',
  22: 'Record Overflow',
  40: 'Handshake Failure',
  42: 'Bad Certificate',
  43: 'Unsupported Certificate',
  44: 'Certificate Revoked',
  45: 'Certificate Expired',
  46: 'Certificate Unknown',
  47: 'Illegal Parameter',
  48: 'Unknown CA',
  49: 'Access Denied',
  50: 'Decode Error',
  51: 'Decrypt Error',
  70: 'Protocol Version',
  71: 'Insufficient Security',
  80: 'Internal Error',
  86: 'Inappropriate Fallback',
  90: 'User Canceled',
  109: 'Missing Extension',
  110: 'Unsupported Extension',
  112: 'Unrecognized Name',
  116: 'Certificate Required',
  120: 'No Application Protocol',
};
/** RFC 8446, section 5.1, and what a record may grow by. */
const mostRecordBytes = 16_384 + 2_048;
const mostRecords = 32;
const mostMessages = 16;

/** Whether a record begins here; one that began in an earlier segment cannot be told from other bytes. */
export function startsTls(bytes: Uint8Array, from: number, end: number): boolean {
  if (end - from < 5) return false;
  const [type, version, size] = [u8(bytes, from), u16(bytes, from + 1), u16(bytes, from + 3)];
  return (
    contentTypes[type] !== undefined && version >= 0x0300 && version <= 0x0304 && size > 0 && size <= mostRecordBytes
  );
}

export function tls(d: Dissection, from: number, end: number): void {
  const { bytes } = d;
  const told: string[] = [];
  let protocol = 'TLS';
  for (let at = from, count = 0; count < mostRecords && startsTls(bytes, at, end); count++) {
    const size = u16(bytes, at + 3);
    const to = Math.min(end, at + 5 + size);
    const type = u8(bytes, at);
    d.layer(`TLS record: ${contentTypes[type]!}`, at, to);
    d.field('Content type', `${contentTypes[type]!} (${type})`, at, 1);
    d.field('Version', `${versionName(u16(bytes, at + 1))} (${hexNumber(u16(bytes, at + 1), 4)})`, at + 1, 2);
    d.field('Length', size, at + 3, 2);
    if (type === 22) {
      const found = handshake(d, at + 5, to, size);
      told.push(...found.told);
      protocol = found.version || protocol;
    } else if (type === 21) told.push(alert(d, at + 5, size));
    else told.push(contentTypes[type]!);
    if (at + 5 + size > end) d.field('Continues', 'in another segment', to, 0);
    at += 5 + size;
  }
  d.column(protocol, told.join(', '));
}

function alert(d: Dissection, at: number, size: number): string {
  // An encrypted one has a tag too.
  if (size !== 2 || at + 2 > d.bytes.length) return 'Encrypted Alert';
  const [level, description] = [u8(d.bytes, at), u8(d.bytes, at + 1)];
  const words = [level === 2 ? 'Fatal' : 'Warning', alerts[description] ?? `code ${description}`] as const;
  d.field('Level', `${words[0]} (${level})`, at, 1);
  d.field('Description', `${words[1]} (${description})`, at + 1, 1);
  return `Alert (Level: ${words[0]}, Description: ${words[1]})`;
}

/** @param size of the record. */
function handshake(d: Dissection, from: number, end: number, size: number): { told: string[]; version: string } {
  const { bytes } = d;
  const told: string[] = [];
  let version = '';
  for (let at = from, count = 0; at + 4 <= end && count < mostMessages; count++) {
    const [type, length] = [u8(bytes, at), u24(bytes, at + 1)];
    const name = handshakes[type];
    // What is encrypted looks like a message of any kind, of any length.
    if (name === undefined || (at + 4 + length > from + size && type !== 1 && type !== 2 && type !== 11)) {
      told.push('Encrypted Handshake Message');
      break;
    }
    d.field('Handshake type', `${name} (${type})`, at, 1);
    d.field('Handshake length', length, at + 1, 3);
    const body = { from: at + 4, end: Math.min(end, at + 4 + length) };
    if (type === 1) told.push(name + clientHello(d, body));
    else if (type === 2) {
      const hello = serverHello(d, body);
      version = hello.version;
      told.push(name);
    } else told.push(name);
    at += 4 + length;
  }
  return { told, version };
}
