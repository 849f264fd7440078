// Exported rows as text: RFC 4180, cells that are no formulas, Zeek's escapes.
import type { Connection } from '@foretop/proto/api';
import { describe, expect, test } from 'vitest';
import { cellsOf } from './columns.ts';
import { csvLine } from './csv.ts';
import { wantedFormat } from './export.ts';
import { connLog } from './zeek-conn.ts';

describe('csvLine', () => {
  test.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"'],
    ['a=b', 'a=b'],
  ])('%j', (text, cell) => {
    expect(csvLine([text])).toBe(`${cell}\r\n`);
  });

  test('numbers stay numbers, unknown is empty', () => {
    expect(csvLine([-5, null, 0, true, ''])).toBe('-5,,0,true,\r\n');
  });

  test('lists, containers and objects become one cell each', () => {
    const row = { list: ['a', 'b'], container: { runtime: 'docker', id: 'f00' }, other: { x: 1 }, none: null };
    expect(cellsOf(row, ['list', 'container', 'other', 'none', 'missing'])).toEqual([
      'a b',
      'docker:f00',
      '{"x":1}',
      null,
      null,
    ]);
  });
});

const row: Connection = {
  id: '1-00000000000000ff',
  hostId: 1,
  protocol: 'tcp',
  state: 'established',
  direction: 'inbound',
  localAddress: '10.0.0.1',
  localPort: 443,
  remoteAddress: '192.0.2.1',
  remotePort: 50_000,
  pid: 7,
  process: 'a\tb\\c\u00e9',
  processId: null,
  unit: '-',
  container: null,
  uid: 0,
  startedAt: '2026-11-20T03:12:00.500Z',
  startedBefore: false,
  endedAt: '2026-11-20T03:12:02.000Z',
  rxBytes: 10,
  txBytes: 20,
  rxRate: null,
  txRate: null,
  rttUs: null,
  retransmissions: null,
  name: '',
  nameSource: 'none',
  alpn: null,
  ownerRule: 'unknown',
  communityId: '1:x=',
  connectionCount: 1,
  place: null,
};

describe('zeek', () => {
  const value = (line: string, field: string) => {
    const names = connLog
      .head(0)
      .split('\n')
      .find((text) => text.startsWith('#fields'))!
      .split('\t')
      .slice(1);
    return line.trimEnd().split('\t')[names.indexOf(field)];
  };

  test('the head names as many types as fields', () => {
    const lines = connLog.head(Date.UTC(2026, 10, 20, 3, 12)).split('\n');
    expect(lines[0]).toBe('#separator \\x09');
    expect(lines).toContain('#open\t2026-11-20-03-12-00');
    const [fields, types] = ['#fields', '#types'].map((name) =>
      lines.find((line) => line.startsWith(name))!.split('\t'),
    );
    expect(fields).toHaveLength(types!.length);
  });

  test('the originator is whoever opened the connection', () => {
    const inbound = connLog.line(row);
    expect([value(inbound, 'id.orig_h'), value(inbound, 'id.resp_p')]).toEqual(['192.0.2.1', '443']);
    expect([value(inbound, 'orig_bytes'), value(inbound, 'resp_bytes')]).toEqual(['10', '20']);
    const outbound = connLog.line({ ...row, direction: 'outbound' });
    expect([value(outbound, 'id.orig_h'), value(outbound, 'orig_bytes')]).toEqual(['10.0.0.1', '20']);
    expect([value(inbound, 'ts'), value(inbound, 'duration')]).toEqual(['1795144320.500000', '1.500000']);
  });

  test('nothing breaks out of its field, and unset, empty and a dash differ', () => {
    const line = connLog.line(row);
    expect(value(line, 'foretop_process')).toBe('a\\x09b\\x5cc\u00e9');
    expect(value(line, 'foretop_unit')).toBe('\\x2d');
    expect(value(line, 'foretop_name')).toBe('(empty)');
    expect(value(line, 'foretop_container')).toBe('-');
    expect(line.split('\n')).toHaveLength(2);
  });

  test('a socket without a peer is no connection', () => {
    expect(connLog.line({ ...row, remoteAddress: null, remotePort: null })).toBe('');
  });
});

test.each<[Parameters<typeof wantedFormat>, ReturnType<typeof wantedFormat>]>([
  [[undefined, undefined], undefined],
  [[undefined, '*/*'], undefined],
  [[undefined, 'text/csv'], 'csv'],
  [[undefined, 'application/jsonl;q=0.9'], 'jsonl'],
  [[undefined, 'application/json, text/csv'], undefined],
  [[undefined, 'text/tab-separated-values'], undefined],
  [[undefined, 'text/tab-separated-values', true], 'zeek'],
  [['json', 'text/csv'], undefined],
  [['csv', 'application/json'], 'csv'],
])('wantedFormat %j is %j', (given, format) => {
  expect(wantedFormat(...given)).toBe(format);
});
