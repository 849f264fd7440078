// `foretop replay` as a person or a script starts it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { foretop } from '../../test/foretop.ts';

const folder = mkdtempSync(join(tmpdir(), 'foretop-replay-command-'));
afterAll(() => rmSync(folder, { recursive: true }));
const replay = (...args: string[]) => foretop(['replay', ...args]);

const log = join(folder, 'conn.log');
const row = (port: number) => ({
  ts: port,
  'id.orig_h': '192.0.2.6',
  'id.resp_h': '10.0.0.5',
  'id.resp_p': port,
  proto: 'tcp',
  conn_state: 'S0',
});
writeFileSync(
  log,
  ['broken', ...Array.from({ length: 15 }, (_, index) => JSON.stringify(row(index + 1)))].toReversed().join('\n'),
);

test('lines for programs, a table for people, and what could not be read beside them', async () => {
  const json = await replay('--json', log);
  expect(JSON.parse(json.stdout)).toMatchObject({
    kind: 'finding',
    detector: 'port-scan',
    host: '192.0.2.6',
    peer: '10.0.0.5',
  });
  expect(json.stderr).toContain('1 of 16 lines could not be read');
  const table = await replay(log);
  expect(table.stdout).toMatch(/START.*SEVERITY[^]*Port scan +192\.0\.2\.6 +10\.0\.0\.5/);
});

test('card numbers are masked, names are scored', async () => {
  const text = join(folder, 'text.txt');
  writeFileSync(text, 'card 4111 1111 1111 1111 exp 12/29\n');
  expect(JSON.parse((await replay('--text', text, '--json')).stdout)).toMatchObject({
    kind: 'pan',
    line: 1,
    column: 6,
    masked: '411111******1111',
  });
  const names = join(folder, 'names.txt');
  writeFileSync(names, 'www.example.org\n');
  expect(JSON.parse((await replay('--names', names, '--json')).stdout)).toMatchObject({
    kind: 'name',
    name: 'www.example.org',
  });
});

test.each([
  [[]],
  [['/nonexistent.pcap']],
  [['--json', new URL(import.meta.url).pathname]],
  [['--names', '/nonexistent']],
])('%j ends with 2 and says why', async (args) => {
  const { code, stdout, stderr } = await replay(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^foretop: /);
});
