// Rows of Zeek, Argus and Filebeat as observations, and logs that are broken in every way.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logFormatOf, LogReader } from './log-reader.ts';
import { newReading, type ReplayRecord } from './record.ts';

function read(lines: readonly string[]) {
  const format = logFormatOf(lines.join('\n'));
  const reading = newReading();
  if (format === undefined) throw new Error('It is no log that is known.');
  const reader = new LogReader(format, '', reading);
  const records = lines.flatMap((line) => reader.line(line));
  reader.end();
  return { records, reading, seen: records.map(observationOf) };
}

const observationOf = (record: ReplayRecord) => (record.kind === 'observed' ? record.observation : record);

const connHeader = [
  '#separator \\x09',
  '#set_separator\t,',
  '#empty_field\t(empty)',
  '#unset_field\t-',
  '#path\tconn',
  '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\torig_bytes\tresp_bytes\tconn_state\thistory\torig_pkts\tresp_pkts\tlabel   detailed-label',
];
const conn = (state: string, history: string, changes: Partial<Record<string, string>> = {}) =>
  ['1500000000.25', 'C1', '10.0.0.5', '4000', '192.0.2.1', changes['port'] ?? '443', changes['proto'] ?? 'tcp', '1.5']
    .concat(['10', '20', state, history, '3', changes['back'] ?? '2', 'Benign   -'])
    .join('\t');

describe("Zeek's connections", () => {
  test('a row is what its originator saw, and ends when it ended', () => {
    const { seen, reading } = read([...connHeader, conn('SF', 'ShADadFf')]);
    expect(seen).toMatchObject([
      {
        kind: 'connection',
        host: '10.0.0.5',
        openedUs: 1_500_000_000_250_000,
        atUs: 1_500_000_001_750_000,
        outcome: 'established',
        local: { address: '10.0.0.5', port: 4_000 },
        remote: { address: '192.0.2.1', port: 443 },
        sentBytes: 10,
        receivedBytes: 20,
        first: true,
        closed: true,
      },
    ]);
    expect(reading).toMatchObject({ items: 1, bad: 0 });
  });

  test.each([
    ['S0', 'S', 'attempted'],
    ['REJ', 'Sr', 'rejected'],
    ['RSTO', 'ShR', 'reset'],
    ['SHR', '^hadf', 'unknown'],
    ['OTH', 'DdAa', 'unknown'],
    ['OTH', 'Ar', 'rejected'],
  ])('%s with %s is %s', (state, history, outcome) => {
    expect(read([...connHeader, conn(state, history)]).seen).toMatchObject([{ kind: 'connection', outcome }]);
  });

  test('a FIN alone is a probe', () => {
    expect(read([...connHeader, conn('OTH', 'Fr')]).seen).toMatchObject([
      { kind: 'scan', scan: 'fin', source: '10.0.0.5', maybeEnd: true },
    ]);
  });

  test('a ping is a flow and packets each way; other ICMP is nothing', () => {
    const ping = conn('OTH', '-', { proto: 'icmp', port: '0' }).replace('\t4000\t', '\t8\t');
    expect(read([...connHeader, ping]).seen.map(({ kind }) => kind)).toEqual(['connection', 'packets', 'packets']);
    expect(read([...connHeader, ping.replace('\t8\t', '\t3\t')]).seen).toEqual([]);
  });

  test('JSON with names in dots or nested, and a time of either kind', () => {
    const flat = {
      ts: 1_500_000_000.25,
      uid: 'C1',
      'id.orig_h': '::ffff:10.0.0.5',
      'id.orig_p': 1,
      'id.resp_h': '2001:DB8::1',
    };
    const nested = { ts: '2017-07-14T02:40:00.250000Z', id: { orig_h: '10.0.0.5', orig_p: 1, resp_h: '2001:db8::1' } };
    for (const row of [flat, nested]) {
      const { seen } = read([JSON.stringify({ ...row, proto: 'tcp', conn_state: 'S0' })]);
      expect(seen).toMatchObject([
        { host: '10.0.0.5', remote: { address: '2001:db8::1' }, openedUs: 1_500_000_000_250_000, outcome: 'attempted' },
      ]);
    }
  });

  test('logs that were joined, with other columns from the second header on', () => {
    const other = ['#separator \\x09', '#fields\tts\tid.orig_h\tid.resp_h\tproto\tconn_state'];
    const row = '1500000009\t10.0.0.5\t192.0.2.9\tudp\tSF';
    expect(read([...connHeader, conn('SF', 'S'), ...other, row]).seen).toHaveLength(2);
  });
});

test("Zeek's DNS", () => {
  const header =
    '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\trtt\tquery\tqtype\trcode\tanswers';
  const row =
    '1500000000.0\tC1\t10.0.0.5\t4000\t10.0.0.1\t53\tudp\t0.5\tWWW.Example.org\t1\t0\talias.example.org,192.0.2.7';
  const lost = '1500000000.0\tC1\t10.0.0.5\t4000\t10.0.0.1\t53\tudp\t-\texample.org\t1\t-\t-';
  expect(read(['#separator \\x09', header, row, lost]).seen).toMatchObject([
    {
      kind: 'dns',
      name: 'www.example.org',
      answered: true,
      rcode: 0,
      addresses: ['192.0.2.7'],
      atUs: 1_500_000_000_500_000,
    },
    { answered: false, rcode: undefined },
  ]);
});

test('ssl.log names flows, other logs are passed over with a word', () => {
  const hello = { ts: 1, uid: 'C1', 'id.orig_h': '10.0.0.5', server_name: 'Example.org' };
  expect(read([JSON.stringify(hello)]).records).toEqual([
    { kind: 'name-hint', atUs: 1e6, uid: 'C1', name: 'example.org' },
  ]);
  const { reading, records } = read(['#separator \\x09', '#fields\tts\tnote\tmsg', '1\tA\tB']);
  expect([records, reading.notes.length, reading.bad]).toEqual([[], 1, 0]);
});

describe('flows of Argus', () => {
  const header = 'StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label';
  const flow = (state: string, changes: { proto?: string; dir?: string; packets?: number } = {}) =>
    `2011/08/18 15:40:53.826372,2.5,${changes.proto ?? 'tcp'},192.0.2.1,63577,${changes.dir ?? '   ->'},10.0.0.5,443,${state},0,0,${changes.packets ?? 10},2000,700,flow=Background`;

  test('a row is what its client saw', () => {
    expect(read([header, flow('FSPA_FSPA')]).seen).toMatchObject([
      { host: '192.0.2.1', outcome: 'established', openedUs: 1_313_682_053_826_372, atUs: 1_313_682_056_326_372 },
    ]);
    expect(read([header, flow('FSPA_FSPA', { dir: '  <-' })]).seen).toMatchObject([{ host: '10.0.0.5' }]);
  });

  test.each([
    ['S_', 'attempted'],
    ['S_RA', 'rejected'],
    ['SR_SA', 'reset'],
    ['FSPA_FSPA', 'established'],
    ['_SA', 'unknown'],
    ['SA_', 'unknown'],
    ['SA_R', 'unknown'],
    ['PA_PA', 'unknown'],
    ['S0', 'attempted'],
  ])('%s is %s', (state, outcome) => {
    expect(read([header, flow(state)]).seen).toMatchObject([{ kind: 'connection', outcome }]);
  });

  test.each([
    ['CON', 'established'],
    ['INT', 'attempted'],
    ['URP', 'rejected'],
  ])('UDP that is %s is %s', (state, outcome) => {
    expect(read([header, flow(state, { proto: 'udp' })]).seen).toMatchObject([{ outcome }]);
  });

  test('probes, pings, and what is neither', () => {
    expect(read([header, flow('FPU_RA', { packets: 2 })]).seen).toMatchObject([{ kind: 'scan', scan: 'xmas' }]);
    expect(read([header, flow('ECO', { proto: 'icmp' })]).seen.map(({ kind }) => kind)).toContain('packets');
    expect(read([header, flow('URP', { proto: 'icmp' })]).seen).toEqual([]);
    expect(read([header, flow('CON', { proto: 'arp' })]).seen).toEqual([]);
  });
});

test('Zeek as Filebeat ships it', () => {
  const header =
    'tags,@timestamp,destination.ip,destination.port,source.ip,source.port,network.transport,zeek.connection.state,source.bytes,source.packets,event.duration';
  const row = `"['a', 'b']",2025-10-07 15:25:34.544000+07:00,192.0.2.1,443.0,10.0.0.5,52000,tcp,SF,540,10,2000000000.0`;
  expect(read([header, row]).seen).toMatchObject([
    {
      host: '10.0.0.5',
      remote: { port: 443 },
      sentBytes: 140,
      openedUs: 1_759_825_534_544_000,
      atUs: 1_759_825_536_544_000,
    },
  ]);
});

describe('what is broken', () => {
  test('lines that cannot be read are counted, and the others read', () => {
    const { seen, reading } = read([
      ...connHeader,
      'nonsense',
      conn('SF', 'S'),
      conn('SF', 'S').replace('10.0.0.5', '10.0.0.555'),
    ]);
    expect([seen.length, reading.bad, reading.items]).toEqual([1, 2, 3]);
  });

  test.each(['', 'hello world', 'a,b,c\n1,2,3', '<html>', '\u0000\u0001\u0002'])('%j is no log', (head) => {
    expect(logFormatOf(head)).toBeUndefined();
  });

  const lines = [...connHeader, conn('SF', 'ShAD'), '{"id.orig_h":"10.0.0.1","conn_state":"S0","ts":1,"proto":"tcp"}'];
  const mutated = fc
    .tuple(fc.constantFrom(...lines), fc.nat(200), fc.string({ maxLength: 12, unit: 'binary' }))
    .map(([line, at, junk]) => line.slice(0, at) + junk + line.slice(at + junk.length));
  const anything = fc.array(fc.oneof(fc.string({ unit: 'binary' }), mutated, fc.constantFrom(...lines)), {
    maxLength: 30,
  });

  test.each(['zeek-tsv', 'zeek-json', 'csv'] as const)('no line makes the reader of %s throw', (format) => {
    fc.assert(
      fc.property(anything, (some) => {
        const reader = new LogReader(format, '', newReading());
        const heading =
          format === 'csv'
            ? ['StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,TotPkts,TotBytes,SrcBytes']
            : [];
        for (const line of [...heading, ...some]) {
          for (const { atUs } of reader.line(line)) expect(Number.isFinite(atUs) && atUs >= 0).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
