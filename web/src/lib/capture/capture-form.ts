// The form of a capture: what it asks, in which words, and how it becomes a request.
import { FilterFault, parseFilter } from '@foretop/proto/capture';

/** Filters to begin with. */
export const filterExamples: readonly [filter: string, what: string][] = [
  ['port 53', 'DNS'],
  ['tcp port 443', 'TLS'],
  ['host 192.0.2.7', 'one address'],
  ['net 10.0.0.0/8 and not port 22', 'a network, without SSH'],
  ['tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0', 'beginnings and ends'],
  ['icmp or icmp6', 'ICMP'],
  ['arp', 'ARP'],
];

export const contents = {
  headers: {
    word: 'Headers',
    about:
      'Addresses, ports, flags, sizes and times. Each packet is cut after its transport header on the host. Operators who see this run can read it on the collector.',
  },
  payload: {
    word: 'Payload',
    about:
      'Everything, passwords in the clear too. Sealed on the host to a key that is made in this browser for this run and never leaves it: neither the collector nor anybody else can read it, and once the key is gone, nor can you.',
  },
} as const;
export type Content = keyof typeof contents;

/** undefined = it is a filter. */
export function filterFault(text: string): { message: string; at: number } | undefined {
  try {
    parseFilter(text);
    return undefined;
  } catch (error) {
    if (error instanceof FilterFault) return { message: error.message, at: Math.min(error.at, text.length) };
    throw error;
  }
}
