// Beacons in real logs, where FORETOP_TEST_DATA names a folder that has them; docs/detection.md says which logs and what is known of them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runReplay } from '../replay/run-replay.ts';
import { beacon } from './beacon.ts';

const folder = join(process.env['FORETOP_TEST_DATA'] ?? '', 'flows');
const missing = process.env['FORETOP_TEST_DATA'] === undefined || !existsSync(folder);
const reason = missing ? ' (skipped: FORETOP_TEST_DATA names no folder with flows)' : '';

async function replayed(...paths: string[]) {
  const { findings, faults } = await runReplay(
    paths.map((path) => join(folder, path)),
    [beacon],
  );
  expect(faults).toEqual([]);
  return findings.map(({ draft }) => draft);
}

describe.skipIf(missing)(`real logs${reason}`, () => {
  test.each([
    ['c2_taidoor/conn.log.gz', '192.168.99.51', '104.248.234.238', 'high'],
    ['c2_taidoor', '192.168.99.51', '104.248.234.238', 'high'],
    ['rita_proxy/conn.log.gz', '10.136.0.18', '10.136.0.16', 'medium'],
    ['rita_proxy', '10.136.0.18', 'www.honestimnotevil.com', 'high'],
    ['c2_havoc/conn.log.gz', '192.168.28.131', '192.168.99.245', 'low'],
    [
      'slips_test18-malicious-ctu-sme-11-win_zeek-labeled_conn.log.labeled.gz',
      '192.168.1.107',
      '66.63.168.35',
      'medium',
    ],
  ])('%s: %s calls %s', async (log, host, peer, severity) => {
    const found = await replayed(log);
    expect(found.find((finding) => finding.host === host && finding.peer === peer)?.severity).toBe(severity);
    const others = found.filter((finding) => finding.host !== host || finding.peer !== peer);
    expect(others.filter((finding) => finding.severity !== 'low')).toEqual([]);
  });

  test('a home network behind a proxy has none', async () => {
    expect(await replayed('rita_proxy_rolling')).toEqual([]);
  });
});
