// What the field's terms mean here, in a sentence or two.

interface Term {
  name: string;
  meaning: string;
  note?: string;
}

const all = {
  rtt: {
    name: 'RTT',
    meaning: 'Round-trip time: how long a segment and its acknowledgement take, smoothed by the kernel of this host.',
    note: 'Known for TCP only. It holds the network and the other end’s delay in answering, not the application’s.',
  },
  retransmissions: {
    name: 'Retransmissions',
    meaning: 'TCP segments that were sent again because no acknowledgement came in time.',
    note: 'A few are normal. Many in a short time mean loss on the way, or an overloaded other end.',
  },
  timeWait: {
    name: 'Time-wait',
    meaning:
      'The connection is closed; its ports stay taken for a minute, so that late packets cannot reach a new one.',
    note: 'The kernel keeps no process for it. Thousands of them come from many short connections.',
  },
  closeWait: {
    name: 'Close-wait',
    meaning: 'The other end has closed, and the process here has not. If it stays so, the process leaks connections.',
  },
  coverage: {
    name: 'Coverage',
    meaning: 'Bytes that were seen at sockets, of the bytes that passed the interfaces. The rest has no known process.',
    note: 'What the host only forwards is in neither. Under 90 % the shares by process are not the whole truth.',
  },
  tier: {
    name: 'Tier',
    meaning:
      'What the agent may use: 1 is eBPF, every connection to the byte; 2 netlink; 3 an ordinary user; 4 the portable way.',
    note: 'A higher tier sees less: short connections, processes of others and exact bytes go first.',
  },
  asOf: {
    name: 'As of',
    meaning: 'What was on record at that instant, and nothing from after it. The page stands still until you go back.',
  },
  communityId: {
    name: 'Community ID',
    meaning: 'A hash of both addresses, both ports and the protocol. It is the same at both ends.',
    note: 'Zeek, Suricata and others write it too, so their logs and this connection can be put side by side.',
  },
  cookie: {
    name: 'Socket cookie',
    meaning: 'The kernel’s own number of the socket, unique until the host restarts.',
  },
  ownerRule: {
    name: 'How the owner is known',
    meaning: 'By what the agent found the process that a connection belongs to. Dashed: inferred, not seen.',
  },
  provenance: {
    name: 'Where a name comes from',
    meaning:
      'DNS: this host asked for the name and got this address. SNI: the TLS hello said it. PTR: the address’s owner says so.',
    note: 'DNS and SNI were observed. PTR is what the owner of the address chose to write, so it is dashed.',
  },
  gap: {
    name: 'Gap',
    meaning: 'A span of which nothing, or not all, is known. It is hatched wherever it is shown, never drawn as zero.',
  },
  eventsLost: {
    name: 'Events lost',
    meaning: 'Events that the kernel could not hand to the agent because a buffer was full.',
  },
  segment: {
    name: 'Segment',
    meaning: 'A piece of a connection’s life on record, up to 300 s long, with the bytes that it carried in it.',
  },
  role: {
    name: 'Role',
    meaning:
      'What somebody may do: a viewer looks, an operator may also ask hosts to end something, an administrator manages all of it.',
    note: 'To end a process takes a signature as well, and the host’s own permission. No role replaces them.',
  },
  scope: {
    name: 'Scope',
    meaning: 'What one token may be used for, within its role: read, export, ask for commands, manage hosts.',
    note: 'A token never signs, and never manages accounts, tokens or keys: only people who are signed in do.',
  },
  hostLabel: {
    name: 'Label of a host',
    meaning:
      'A word that an administrator gives to hosts, such as prod or site=berlin. Accounts and tokens can be bound to labels.',
    note: 'The labels in a host’s own file are others: they say whose signature that host takes.',
  },
} satisfies Record<string, Term>;

export type TermName = keyof typeof all;
export const terms: Record<TermName, Term> = all;
