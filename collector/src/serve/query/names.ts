// How the API calls what the wire and the tables number.
import type {
  Connection,
  Container,
  DirectionName,
  NameSourceName,
  OwnerRuleName,
  ProtocolName,
} from '@foretop/proto/api';
import { communityId } from '@foretop/proto/community-id';

/** By the number in facts.proto. */
export const directionNames: readonly DirectionName[] = ['unknown', 'inbound', 'outbound', 'listen'];
export const nameSourceNames: readonly NameSourceName[] = ['none', 'dns', 'sni', 'reverse-dns'];
export const ownerRuleNames: readonly OwnerRuleName[] = [
  'unknown',
  'connect',
  'accept',
  'holder',
  'create',
  'close',
  'listener',
  'kernel',
];

/** What an agent's budget gives up, in this order: the bits of Pulse.given_up from the lowest on. */
export const sacrifices = ['payload', 'sni', 'dns', 'live-rate', 'sample-interval'] as const;

export const givenUpNames = (bits: number): string[] => sacrifices.filter((_, bit) => (bits & (1 << bit)) !== 0);

export const protocolName = (number: number): ProtocolName => (number === 17 ? 'udp' : 'tcp');

export function containerOf(runtime: string | null | undefined, id: string | null | undefined): Container | null {
  return id ? { runtime: runtime ?? '', id } : null;
}

type Ends = Pick<Connection, 'protocol' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;

export function flowHash({ protocol, localAddress, localPort, remoteAddress, remotePort }: Ends): string | null {
  if (remoteAddress === null || remotePort === null) return null;
  // A v6 socket's two ends are of one family once mapped addresses are written as IPv4; anything else has no flow to hash.
  if (localAddress.includes(':') !== remoteAddress.includes(':')) return null;
  return communityId({ protocol: protocol === 'udp' ? 17 : 6, localAddress, localPort, remoteAddress, remotePort });
}
