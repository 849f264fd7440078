// Where a request comes from: the network of its client, also behind the proxy that was named, and whether it may come at all.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { RequestError } from '../problem.ts';
import { isLocal } from './local.ts';

export interface Caller {
  /** A /24 or /56 in CIDR notation, or `this machine`. */
  network: string;
  /** As the browser calls itself, cut; untrusted. */
  userAgent: string;
}

export type IncomingRequest = Pick<IncomingMessage, 'socket' | 'headers'>;

export interface Callers {
  of(request: IncomingRequest): Caller;
  /** Where a proxy was named, everybody but this machine must come through it: plain http would show what sessions are made of. */
  fault(request: IncomingRequest): RequestError | undefined;
}

const longestAgent = 200;
/** More proxies in a row than that are made up. */
const mostForwarded = 20;

/** `proxies` are addresses and networks. */
export function createCallers(proxies: readonly string[]): Callers {
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [address, prefix] = proxy.split('/') as [string, string | undefined];
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    trusted.addSubnet(address, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family);
  }
  const isTrusted = (address: string) => trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');

  /** The last address that no proxy of ours wrote: what stands before it is the client's own word. */
  const addressOf = ({ socket, headers }: IncomingRequest): string => {
    const peer = plain(socket.remoteAddress ?? '');
    if (isIP(peer) === 0 || !isTrusted(peer)) return peer;
    const header = headers['x-forwarded-for'];
    const named = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').slice(-mostForwarded);
    const chain = named.map((part) => plain(part.trim())).filter(Boolean);
    return chain.findLast((address) => isIP(address) === 0 || !isTrusted(address)) ?? peer;
  };

  return {
    of: (request) => ({
      network: isLocal(request) ? 'this machine' : networkOf(addressOf(request)),
      userAgent: (request.headers['user-agent'] ?? '').slice(0, longestAgent),
    }),
    fault({ socket }) {
      const peer = plain(socket.remoteAddress ?? '');
      if (proxies.length === 0 || isLoopback(peer) || (isIP(peer) !== 0 && isTrusted(peer))) return undefined;
      return new RequestError('proxy-bypassed', 'This address answers its proxy only. Use the public address.');
    },
  };
}

const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
const isLoopback = (address: string) => address === '::1' || (isIPv4(address) && address.startsWith('127.'));

/** What one household or rack is commonly given: an IPv4 /24, an IPv6 /56 (RFC 6177). */
export function networkOf(address: string): string {
  if (isIPv4(address)) return `${address.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIP(address) === 0) return 'unknown';
  const groups = groupsOf(address).slice(0, 4);
  groups[3]! &= 0xff00;
  return `${groups.map((group) => group.toString(16)).join(':')}::/56`;
}

/** The eight groups of an IPv6 address (RFC 4291, section 2.2). */
function groupsOf(address: string): number[] {
  const numbers = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [head = '', tail] = address.split('::');
  const [before, after] = [numbers(head), numbers(tail ?? '')];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
