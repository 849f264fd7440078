// What tools say, in lines and tables for a terminal. Everything in it came from a network: nothing of it steers the terminal.
import { pingFigures, type RoundTrips, type ToolEvent, traceHops } from '@foretop/proto/tools';
import { printable } from '../config/printable.ts';
import { table } from '../serve/operate.ts';

/** A host by its name, with all that it said. */
export type Said = ReadonlyMap<string, readonly ToolEvent[]>;

/** While it runs; undefined = nothing to tell of it on its own. */
export function eventLine(event: ToolEvent): string | undefined {
  const line = lineOf(event);
  return line === undefined ? undefined : printable(line);
}

function lineOf(event: ToolEvent): string | undefined {
  switch (event.kind) {
    case 'resolved':
      return `${event.target} is ${event.address}${event.addresses.length > 1 ? ` (of ${event.addresses.join(', ')})` : ''}`;
    case 'ping':
      return `${event.attempt}: ${event.outcome}${event.rttUs === undefined ? '' : ` ${ms(event.rttUs)}`}${event.from ? ` from ${event.from}` : ''}`;
    case 'hop':
      return `${event.hop}.${event.attempt}: ${event.address ?? '*'}${event.name ? ` ${event.name}` : ''} ${event.rttUs === undefined ? event.outcome : ms(event.rttUs)}`;
    case 'port':
      return event.state === 'closed'
        ? undefined
        : `${event.port} ${event.state} ${event.service} ${event.banner ?? ''}`.trimEnd();
    case 'ended':
      return `${event.outcome}: ${event.detail}`;
    case 'dns-answer':
    case 'certificate':
    case 'http':
    case 'progress':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** At the end, side by side; empty = there is nothing to put in one. */
export function summaryTable(said: Said): string {
  const kinds = new Set([...said.values()].flat().map(({ kind }) => kind));
  if (kinds.has('hop')) return traceTable(said);
  if (kinds.has('port')) return scanTable(said);
  if (kinds.has('dns-answer')) return dnsTable(said);
  if (kinds.has('certificate')) return certificateText(said);
  if (kinds.has('http')) return httpTable(said);
  return kinds.has('ping') ? pingTable(said) : '';
}

function pingTable(said: Said): string {
  const rows = [...said].map(([host, events]) => [
    host,
    events.find((event) => event.kind === 'resolved')?.address ?? '',
    ...figureCells(pingFigures(events.filter((event) => event.kind === 'ping'))),
  ]);
  return table(['FROM', 'TO', 'SENT', 'LOST', 'MIN', 'MEAN', 'MAX', 'JITTER'], rows);
}

const figureCells = ({ sent, lossPercent, minUs, meanUs, maxUs, jitterUs }: RoundTrips) => [
  sent,
  lossPercent === null ? '' : `${lossPercent.toFixed(lossPercent % 1 === 0 ? 0 : 1)} %`,
  ...[minUs, meanUs, maxUs, jitterUs].map((us) => (us === null ? '' : ms(us))),
];

function traceTable(said: Said): string {
  const ways = [...said].map(([, events]) => traceHops(events.filter((event) => event.kind === 'hop')));
  const most = Math.max(...ways.map((hops) => hops.at(-1)?.hop ?? 0));
  const rows = Array.from({ length: most }, (_, index) => [
    index + 1,
    ...ways.map((hops) => {
      const found = hops.find(({ hop }) => hop === index + 1);
      if (found === undefined) return '';
      const [address] = found.addresses;
      if (address === undefined) return '*';
      const name = found.names.get(address);
      const time = found.times.meanUs === null ? '' : ` ${ms(found.times.meanUs)}`;
      return `${name ?? address}${time}${found.reached ? ' reached' : ''}`;
    }),
  ]);
  return table(['HOP', ...said.keys()], rows);
}

function scanTable(said: Said): string {
  const ports = new Map<number, string>();
  for (const events of said.values()) {
    for (const event of events)
      if (event.kind === 'port' && event.state !== 'closed') ports.set(event.port, event.service);
  }
  if (ports.size === 0) return 'No port is open or filtered.';
  const cell = (events: readonly ToolEvent[], port: number) => {
    const found = events.find((event) => event.kind === 'port' && event.port === port);
    return found?.kind === 'port' ? [found.state, found.banner].filter(Boolean).join(' ') : '';
  };
  const rows = [...ports]
    .toSorted(([a], [b]) => a - b)
    .map(([port, service]) => [port, service, ...[...said.values()].map((events) => cell(events, port))]);
  return table(['PORT', 'SERVICE', ...said.keys()], rows);
}

function dnsTable(said: Said): string {
  const rows = [...said].flatMap(([host, events]) =>
    events
      .filter((event) => event.kind === 'dns-answer')
      .flatMap(({ type, rcode, resolver, rttUs, records, error, flags }) => {
        const about = [host, resolver, type, error ?? rcode, ms(rttUs), flags.authenticData ? 'ad' : ''];
        const answers = records.filter(({ section }) => section === 'answer');
        return answers.length === 0
          ? [[...about, '', '']]
          : answers.map((record, index) => [
              ...(index === 0 ? about : about.map(() => ' ')),
              `${record.type} ${record.data}`,
              record.ttl,
            ]);
      }),
  );
  return table(['FROM', 'RESOLVER', 'TYPE', 'RCODE', 'TIME', 'DNSSEC', 'ANSWER', 'TTL'], rows);
}

function certificateText(said: Said): string {
  const blocks = [...said].flatMap(([host, events]) =>
    events
      .filter((event) => event.kind === 'certificate')
      .map(({ protocol, cipher, trusted, reason, nameMatches, chain, weaknesses }) =>
        [
          `${host}: ${protocol} ${cipher}, ${trusted ? 'trusted' : `not trusted (${reason ?? 'no reason given'})`}, name ${nameMatches ? 'matches' : 'DOES NOT MATCH'}`,
          ...chain.map(({ subject, issuer, notAfter, key }) => `  ${subject}, by ${issuer}, until ${notAfter}, ${key}`),
          ...weaknesses.map(({ severity, text }) => `  ${severity}: ${text}`),
        ]
          .map(printable)
          .join('\n'),
      ),
  );
  return blocks.join('\n');
}

function httpTable(said: Said): string {
  const phase = (value: number | undefined) => (value === undefined ? '' : `${value.toFixed(1)} ms`);
  const rows = [...said].flatMap(([host, events]) =>
    events
      .filter((event) => event.kind === 'http')
      .map(({ url, status, statusText, version, phases, bodyBytes, remote }) => [
        ...[host, url, `${status} ${statusText}`, version, remote],
        ...[phases.resolve, phases.connect, phases.tls, phases.firstByte, phases.body].map(phase),
        bodyBytes,
      ]),
  );
  const head = ['FROM', 'URL', 'STATUS', 'VERSION', 'AT', 'RESOLVE', 'CONNECT', 'TLS', 'FIRST BYTE', 'BODY', 'BYTES'];
  return table(head, rows);
}

const ms = (us: number): string => `${(us / 1_000).toFixed(us < 10_000 ? 2 : 1)} ms`;
