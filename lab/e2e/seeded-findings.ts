// Findings in the database of a collector, written as detection writes them: for pages that need more of them than a test can bring about.
import { pino } from 'pino';
import { Tallies } from '../../collector/src/detect/findings/tallies.ts';
import { openWriter } from '../../collector/src/detect/findings/writer.ts';
import type { FindingDraft } from '../../collector/src/detect/finding.ts';
import { detectors } from '../../collector/src/detect/registry.ts';
import { openRulebook } from '../../collector/src/detect/suppress/rulebook.ts';
import { openStore } from '../../collector/src/store/database.ts';

export interface SeededFinding extends Omit<FindingDraft, 'host' | 'startUs' | 'endUs' | 'links' | 'score'> {
  detector: string;
  hosts: readonly number[];
  /** Minutes before now at which it was written, the first one first; it grows to its count and severity by then. */
  minutesAgo: readonly number[];
  links?: FindingDraft['links'];
}

/** The collector counts them once it starts again. */
export async function seedFindings(dataDir: string, findings: readonly SeededFinding[]): Promise<void> {
  const log = pino({ level: 'silent' });
  const endMs = Date.now();
  let nowMs = endMs;
  const now = () => nowMs;
  await using store = await openStore({ dataDir, role: 'command', log });
  const tallies = new Tallies();
  await using rulebook = await openRulebook({ db: store.db, tallies, log, now });
  await using writer = await openWriter({ db: store.db, rulebook, tallies, executable: () => '', log, now });
  const steps = findings
    .flatMap((finding) => finding.minutesAgo.map((ago, at) => ({ finding, ago, at })))
    .sort((a, b) => b.ago - a.ago);
  for (const { finding, ago, at } of steps) {
    const { detector: id, hosts, minutesAgo, links = {}, ...rest } = finding;
    nowMs = endMs - ago * 60_000;
    const detector = detectors.find((one) => one.id === id)!;
    const last = at === minutesAgo.length - 1;
    for (const host of hosts)
      writer.submit(detector, {
        ...rest,
        links,
        host: String(host),
        score: 0.9,
        severity: last ? rest.severity : 'low',
        count: Math.max(1, Math.round((rest.count * (at + 1)) / minutesAgo.length)),
        startUs: (endMs - minutesAgo[0]! * 60_000) * 1000,
        endUs: nowMs * 1000,
      });
    await writer.flush();
  }
}

/** A fleet's day: every severity, one thing on several hosts, hostile text. */
export function someFindings(hosts: readonly number[]): SeededFinding[] {
  const at = (index: number) => hosts[index % hosts.length]!;
  return [
    {
      detector: 'port-scan',
      hosts: hosts.slice(0, 5),
      minutesAgo: [42, 40, 31],
      key: ['198.51.100.23'],
      severity: 'high',
      summary: '198.51.100.23 probed 1,000 ports of this host in 12 s',
      peer: '198.51.100.23',
      process: '',
      count: 1000,
      evidence: [
        { label: 'Ports probed', value: 1000, unit: 'count', against: 20 },
        { label: 'Answers', value: 4, unit: 'permille', against: 500 },
        { label: 'Kind of probe', value: 'SYN' },
      ],
      links: { addresses: ['198.51.100.23'] },
    },
    {
      detector: 'beacon',
      hosts: [at(6)],
      minutesAgo: [31, 24, 16, 3],
      key: ['python3', '9.9.9.9'],
      severity: 'critical',
      summary: 'python3 calls 9.9.9.9 every 60 seconds',
      peer: '9.9.9.9',
      process: 'python3',
      count: 31,
      evidence: [
        { label: 'Median interval', value: 60, unit: 'seconds' },
        { label: 'Spread of the intervals', value: 7, unit: 'permille', against: 100 },
        { label: 'Bytes sent each time', value: 88_400, unit: 'bytes' },
        { label: 'Other hosts that call it', value: 0, unit: 'count', against: 3 },
      ],
      links: { addresses: ['9.9.9.9'], names: ['updates.example'] },
    },
    {
      detector: 'exfiltration',
      hosts: [at(2)],
      minutesAgo: [12, 9],
      key: ['postgres', '51.15.44.9'],
      severity: 'high',
      summary: 'postgres sent 4.12 GB to 51.15.44.9 in 9 min, 40 times what is usual at this hour',
      peer: '51.15.44.9',
      process: 'postgres',
      count: 1,
      evidence: [{ label: 'Sent', value: 4_120_000_000, unit: 'bytes', against: 102_000_000 }],
      links: { addresses: ['51.15.44.9'] },
    },
    {
      detector: 'new-listener',
      hosts: [at(4)],
      minutesAgo: [190],
      key: ['0.0.0.0:8081'],
      severity: 'medium',
      summary: 'socat listens on 0.0.0.0:8081, which nobody did here before',
      peer: '',
      process: 'socat',
      count: 1,
      evidence: [{ label: 'Days on record', value: 6, unit: 'count', against: 1 }],
    },
    {
      detector: 'unusual-destination',
      hosts: [at(3)],
      minutesAgo: [330],
      key: ['curl', 'BR'],
      severity: 'medium',
      summary: 'curl reached Brazil, where no program of the fleet went before',
      peer: '200.160.2.3',
      process: 'curl',
      count: 4,
      evidence: [{ label: 'Hosts that went there', value: 1, unit: 'count', against: 2 }],
      links: { addresses: ['200.160.2.3'] },
    },
    {
      detector: 'temporary-path',
      hosts: [at(1)],
      minutesAgo: [25],
      key: ['/tmp/.x/<b>kworker</b>'],
      severity: 'high',
      summary: '<img src=x onerror=alert(1)> runs from /tmp/.x\u202egnp.exe and has connections',
      peer: '',
      process: '<b>kworker</b>',
      count: 2,
      evidence: [{ label: '<script>alert(2)</script>', value: '/tmp/.x/\u202ekworker' }],
    },
    {
      detector: 'long-connection',
      hosts: [at(5)],
      minutesAgo: [700, 300, 8],
      key: ['ssh', '192.0.2.44'],
      severity: 'low',
      summary: 'ssh has been connected with 192.0.2.44 for 11 h 40 min',
      peer: '192.0.2.44',
      process: 'ssh',
      count: 1,
      evidence: [{ label: 'Open for', value: 42_000, unit: 'seconds', against: 28_800 }],
      links: { addresses: ['192.0.2.44'] },
    },
    ...['web', 'cache', 'queue'].map((word, index): SeededFinding => ({
      detector: 'high-cpu',
      hosts: [at(7 + index)],
      minutesAgo: [90 - index * 7, 60],
      key: [word],
      severity: index === 0 ? 'medium' : 'low',
      summary: `${word}-worker kept ${92 - index} % of all cores busy for 30 min`,
      peer: '',
      process: `${word}-worker`,
      count: 30,
      evidence: [{ label: 'Busy', value: 920 - index * 10, unit: 'permille', against: 800 }],
    })),
  ];
}
