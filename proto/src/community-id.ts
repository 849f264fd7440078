// Community ID v1, the flow hash that Zeek, Suricata and others share: https://github.com/corelight/community-id-spec
import { hash } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface FlowTuple {
  /** IP protocol number: 6 TCP, 17 UDP. */
  protocol: number;
  /** As formatAddress writes them, both of one family. */
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}

/** `1:` and the base64 of SHA-1 over seed 0, the smaller end, the larger end and the protocol: the same from either end. */
export function communityId(flow: FlowTuple): string {
  const { protocol, localPort, remotePort } = flow;
  const [local, remote] = [addressBytes(flow.localAddress), addressBytes(flow.remoteAddress)];
  const localFirst = (Buffer.compare(local, remote) || localPort - remotePort) < 0;
  const [first, second] = localFirst ? [local, remote] : [remote, local];
  const [firstPort, secondPort] = localFirst ? [localPort, remotePort] : [remotePort, localPort];
  const bytes = Buffer.alloc(2 + first.length + second.length + 6);
  bytes.set(first, 2);
  bytes.set(second, 2 + first.length);
  bytes[bytes.length - 6] = protocol;
  bytes.writeUInt16BE(firstPort, bytes.length - 4);
  bytes.writeUInt16BE(secondPort, bytes.length - 2);
  return `1:${hash('sha1', bytes, 'base64')}`;
}

function addressBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [head, tail] = text.split('::') as [string, string?];
  const groups = (part: string | undefined) => (part ? part.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const [before, after] = [groups(head), groups(tail)];
  const bytes = Buffer.alloc(16);
  before.forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  after.forEach((group, index) => bytes.writeUInt16BE(group, 16 - (after.length - index) * 2));
  return bytes;
}
