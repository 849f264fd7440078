// Writes a capture as pcapng: each function gives one whole block, and the blocks one after the other are the file.
import { blockTypes, byteOrderMagic, frameBytes, options, packetHeadBytes, padded, pcapngLimits } from './format.ts';

type Option = [code: number, value: Uint8Array];

/** The first block of a file. */
export function sectionHeader({ os, application }: { os: string; application: string }): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, byteOrderMagic, true);
  view.setUint16(4, 1, true);
  // How long the section is nobody knows yet.
  view.setBigInt64(8, -1n, true);
  return block(blockTypes.section, body, [
    [options.os, textOf(os)],
    [options.application, textOf(application)],
  ]);
}

export interface DescribedInterface {
  name: string;
  /** LINKTYPE_… of https://www.tcpdump.org/linktypes.html. */
  linkType: number;
  /** What is kept of each packet at most, bytes; 0 = all. */
  snapLength: number;
  /** As it was typed; empty = none. */
  filter: string;
}

/** Interfaces are numbered from 0 in the order of their descriptions. Their packets' times are in nanoseconds. */
export function interfaceDescription({ name, linkType, snapLength, filter }: DescribedInterface): Uint8Array {
  const body = new Uint8Array(8);
  const view = new DataView(body.buffer);
  view.setUint16(0, linkType, true);
  view.setUint32(4, snapLength, true);
  const all: Option[] = [
    [options.name, textOf(name)],
    [options.resolution, Uint8Array.of(9)],
  ];
  // The 0 says that what follows is a filter in tcpdump's words.
  if (filter !== '') all.push([options.filter, Uint8Array.of(0, ...textOf(filter))]);
  return block(blockTypes.interface, body, all);
}

export interface WrittenPacket {
  interface: number;
  /** Nanoseconds since the Unix epoch. */
  atNs: bigint;
  /** Length on the wire, bytes. */
  original: number;
  /** What was kept of it. */
  bytes: Uint8Array;
}

export function enhancedPacket(packet: WrittenPacket): Uint8Array {
  const { bytes, original } = packet;
  const body = new Uint8Array(packetHeadBytes + padded(bytes.length));
  const view = new DataView(body.buffer);
  view.setUint32(0, packet.interface, true);
  setTime(view, 4, packet.atNs);
  view.setUint32(12, bytes.length, true);
  view.setUint32(16, Math.max(original, bytes.length), true);
  body.set(bytes, packetHeadBytes);
  return block(blockTypes.enhancedPacket, body, []);
}

/** What enhancedPacket makes of so many bytes. */
export const enhancedPacketBytes = (bytes: number): number => frameBytes + packetHeadBytes + padded(bytes);

export interface WrittenStatistics {
  interface: number;
  atNs: bigint;
  /** Packets that passed the filter. */
  received: number;
  /** Of those, lost by the kernel for want of room. */
  dropped: number;
}

/** At the end of a capture, one for each interface. */
export function interfaceStatistics({ interface: index, atNs, received, dropped }: WrittenStatistics): Uint8Array {
  const body = new Uint8Array(12);
  const view = new DataView(body.buffer);
  view.setUint32(0, index, true);
  setTime(view, 4, atNs);
  return block(blockTypes.interfaceStatistics, body, [
    [options.received, u64(received)],
    [options.dropped, u64(dropped)],
  ]);
}

function block(type: number, body: Uint8Array, given: readonly Option[]): Uint8Array {
  const optionBytes = given.reduce((sum, [, value]) => sum + 4 + padded(value.length), 0);
  const total = frameBytes + body.length + (given.length > 0 ? optionBytes + 4 : 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, total, true);
  bytes.set(body, 8);
  let at = 8 + body.length;
  for (const [code, value] of given) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(total - 4, total, true);
  return bytes;
}

function setTime(view: DataView, at: number, ns: bigint): void {
  view.setUint32(at, Number(ns >> 32n), true);
  view.setUint32(at + 4, Number(ns & 0xffff_ffffn), true);
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** Cut at the bound, never within a character. */
function textOf(text: string): Uint8Array {
  const bytes = new Uint8Array(pcapngLimits.textBytes);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.slice(0, written);
}
