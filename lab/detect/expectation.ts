// What a file of the test data is expected to show, from the verdict of its index: which detectors have to speak, and which may not.

export interface Indexed {
  name: string;
  category: string;
  expected_verdict: string | null;
}

export interface Case {
  /** As in the index; a folder for logs that belong together. */
  name: string;
  category: string;
  /** Paths below the folder of the data. */
  paths: string[];
  expected: string[];
  /** Nothing at medium or above may be said by any detector. */
  isBenign: boolean;
}

const verdicts: readonly (readonly [RegExp, string])[] = [
  [/^SCAN\b/, 'port-scan'],
  [/^FLOOD\b/, 'flood'],
  [/^BRUTE FORCE\b/, 'brute-force'],
  [/^ICMP tunnel\b/, 'icmp-tunnel'],
  [/^ARP spoof\b/, 'arp-spoof'],
  [/^DNS (TUNNEL|exfil)\b/, 'dns-tunnel'],
];

/** Parts of the index without a verdict whose name or source says what they hold. */
const known: Readonly<Record<string, { expected: string[]; isBenign: boolean }>> = {
  'flows/slips_port-scans_vertical_conn.log.gz': { expected: ['port-scan'], isBenign: false },
  'flows/slips_test11-portscan.binetflow.gz': { expected: ['port-scan'], isBenign: false },
  'pcap/longconn/zeek__dns__long-connection.pcap': { expected: ['long-connection'], isBenign: false },
};

/** Captures that parsers are tested with: ordinary traffic, each of a few packets. */
const ordinary = new Set(['benign', 'benign_dns', 'dns', 'tls', 'quic', 'headers', 'large_packet', 'arp']);
const logsTogether = /^(flows\/(?:c2_[^/]+|rita_[^/]+)|flows\/slips_test18)/;
const replayed = /\.(pcap|pcapng)$|^flows\/(?!nslkdd)/;

export function casesOf(index: readonly Indexed[]): Case[] {
  const cases = new Map<string, Case>();
  for (const { name, category, expected_verdict } of index) {
    if (!replayed.test(name) || category === 'malformed') continue;
    const together = logsTogether.exec(name)?.[1];
    const found = verdicts.filter(([pattern]) => pattern.test(expected_verdict ?? '')).map(([, id]) => id);
    const { expected, isBenign } = known[name] ?? {
      expected: found,
      isBenign: found.length === 0 && ordinary.has(category),
    };
    const one = cases.get(together ?? name) ?? { name: together ?? name, category, paths: [], expected, isBenign };
    one.paths.push(name);
    cases.set(one.name, one);
  }
  return [...cases.values()];
}
