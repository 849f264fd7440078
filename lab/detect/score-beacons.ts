// What the beacon detector finds in real logs, held against what is known of them: node lab/detect/score-beacons.ts DATA
// where DATA has a folder "flows" as docs/detection.md describes. Exits with 1 where a strong beacon is missed or a service is flagged at high.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beacon } from '../../collector/src/detect/detectors/beacon.ts';
import { severities } from '../../collector/src/detect/finding.ts';
import { runReplay } from '../../collector/src/detect/replay/run-replay.ts';

interface Known {
  log: string;
  files: readonly string[];
  /** Host and far end (address or name) of what must be found. */
  strong: readonly (readonly [host: string, peer: string])[];
  /** The same where the label is somebody's guess. */
  weak: readonly (readonly [host: string, peer: string])[];
}

const logs: readonly Known[] = [
  {
    log: 'Taidoor profile of Cobalt Strike, 24 h, connections only',
    files: ['c2_taidoor/conn.log.gz'],
    strong: [['192.168.99.51', '104.248.234.238']],
    weak: [],
  },
  {
    log: 'the same with its DNS and TLS logs',
    files: ['c2_taidoor'],
    strong: [['192.168.99.51', '104.248.234.238']],
    weak: [],
  },
  {
    log: 'beacon behind a proxy, 28 h, connections only',
    files: ['rita_proxy/conn.log.gz'],
    strong: [['10.136.0.18', '10.136.0.16']],
    weak: [],
  },
  {
    log: 'the same with its other logs',
    files: ['rita_proxy'],
    strong: [['10.136.0.18', 'www.honestimnotevil.com']],
    weak: [],
  },
  { log: 'home network behind a proxy, 2 h, benign', files: ['rita_proxy_rolling'], strong: [], weak: [] },
  {
    log: 'the same, connections only',
    files: ['rita_proxy_rolling/conn.150000-160000.log.gz', 'rita_proxy_rolling/conn.160000-170000.log.gz'],
    strong: [],
    weak: [],
  },
  {
    log: 'Havoc whose server is down, 4 min',
    files: ['c2_havoc'],
    strong: [['192.168.28.131', '192.168.99.245']],
    weak: [],
  },
  {
    log: 'RemcosRAT, 8 min',
    files: ['slips_test18-malicious-ctu-sme-11-win_zeek-labeled_conn.log.labeled.gz'],
    strong: [['192.168.1.107', '66.63.168.35']],
    weak: [],
  },
  {
    log: 'laboratory, 1 h, labels guessed by its collector',
    files: ['c2_lab3/conn.csv.gz'],
    strong: [],
    weak: [
      ['192.168.28.129', '10.44.165.31'],
      ['192.168.28.128', '10.44.165.31'],
    ],
  },
  {
    log: 'CTU-13 scenario 11, 16 min, a university and three bots that flood',
    files: ['ctu13_s11_capture20110818-2.binetflow.gz'],
    strong: [],
    weak: [],
  },
];

const [data] = process.argv.slice(2);
if (data === undefined) throw new Error('usage: node lab/detect/score-beacons.ts DATA');

let bad = 0;
for (const { log, files, strong, weak } of logs) {
  const paths = files.map((file) => join(data, 'flows', file));
  const absent = paths.filter((path) => !existsSync(path));
  if (absent.length > 0) {
    console.log(`${log}: skipped, there is no ${absent.join(', ')}`);
    continue;
  }
  const started = performance.now();
  const { findings, faults } = await runReplay(paths, [beacon]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`\n${log} (${seconds} s)`);
  for (const fault of faults) console.log(`  fault: ${fault}`);
  const expected = [...strong, ...weak];
  for (const [host, peer] of expected) {
    const hit = findings.find(({ draft }) => draft.host === host && draft.peer === peer);
    const isStrong = strong.some(([a, b]) => a === host && b === peer);
    if (hit === undefined && isStrong) bad++;
    const found = hit === undefined ? 'MISSED' : `found, ${hit.draft.severity}, ${hit.draft.score.toFixed(2)}`;
    console.log(`  ${isStrong ? 'beacon' : 'perhaps a beacon'} ${host} → ${peer}: ${found}`);
  }
  const others = findings
    .filter(({ draft }) => !expected.some(([host, peer]) => draft.host === host && draft.peer === peer))
    .toSorted((a, b) => severities.indexOf(b.draft.severity) - severities.indexOf(a.draft.severity));
  bad += others.filter(({ draft }) => draft.severity === 'high').length;
  for (const { draft } of others) {
    console.log(`  flagged ${draft.severity} ${draft.score.toFixed(2)} ${draft.host}: ${draft.summary}`);
  }
}
process.exitCode = bad > 0 ? 1 : 0;
