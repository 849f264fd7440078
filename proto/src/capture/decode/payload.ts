// From TCP and UDP to what they carry: by its own bytes where they tell, by the port where they do not.
import type { Dissection } from './dissection.ts';
import { dhcp } from './dhcp.ts';
import { dns, type DnsKind } from './dns.ts';
import { u16 } from './bytes.ts';
import { vxlan } from './gre.ts';
import { http, startsHttp } from './http.ts';
import type { NextLayer, Payload } from './next-layer.ts';
import { ntp } from './ntp.ts';
import { isLongHeader, quic } from './quic.ts';
import { ssh, startsSsh } from './ssh.ts';
import { startsTls, tls } from './tls.ts';

const dnsPorts: readonly [port: number, kind: DnsKind][] = [
  [53, 'DNS'],
  [5353, 'MDNS'],
  [5355, 'LLMNR'],
];

/** Ports that no other protocol is looked for at. */
const isOn = ({ sourcePort, destinationPort }: Payload, port: number) =>
  sourcePort === port || destinationPort === port;

export function tcpPayload(d: Dissection, payload: Payload): NextLayer {
  const { bytes } = d;
  const { from } = payload;
  const end = Math.min(payload.end, bytes.length);
  if (from >= end) return undefined;
  const kind = dnsPorts.find(([port]) => isOn(payload, port))?.[1];
  // RFC 1035 section 4.2.2; a message that begins in another segment is not looked for.
  if (kind && end - from >= 14 && u16(bytes, from) >= 12 && u16(bytes, from) <= payload.end - from - 2) {
    d.field('DNS message length', u16(bytes, from), from, 2);
    dns(d, kind, from + 2, Math.min(end, from + 2 + u16(bytes, from)));
  } else if (startsTls(bytes, from, end)) tls(d, from, end);
  else if (startsHttp(bytes, from, end)) http(d, 'HTTP', from, end);
  else if (startsSsh(bytes, from, end)) ssh(d, from, end, payload);
  else d.layer('Data', from, end);
  return undefined;
}

export function udpPayload(d: Dissection, payload: Payload): NextLayer {
  const { bytes } = d;
  const { from } = payload;
  const end = Math.min(payload.end, bytes.length);
  if (from >= end) return undefined;
  const kind = dnsPorts.find(([port]) => isOn(payload, port))?.[1];
  if (kind) dns(d, kind, from, end);
  else if (isOn(payload, 67) || isOn(payload, 68)) dhcp(d, from, end);
  else if (isOn(payload, 123)) ntp(d, from, end);
  else if (isOn(payload, 1900) && startsHttp(bytes, from, end)) http(d, 'SSDP', from, end);
  else if (payload.destinationPort === 4789) return vxlan(d, from);
  else if (isLongHeader(bytes, from, end)) quic(d, from, end);
  else d.layer('Data', from, end);
  return undefined;
}
