// The tools as forms: what each is for, what it asks, and how what is typed becomes a request.
import { checkToolRequest, type ToolName, type ToolRequest } from '@foretop/proto/tools';

export type FormName = ToolName | 'address';

/** What is typed, by field. */
export type Values = Record<string, string>;

export interface Field {
  name: string;
  label: string;
  /** What it does, and its bounds. */
  help: string;
  kind: 'text' | 'number' | 'flag' | readonly string[];
  standard: string;
  /** Only while the values say so. */
  when?: (values: Values) => boolean;
}

export interface ToolForm {
  name: FormName;
  word: string;
  about: string;
  /** What the target is called; empty = it has none. */
  target: string;
  example: string;
  fields: readonly Field[];
}

const number = (name: string, label: string, standard: number, help: string): Field => ({
  ...{ name, label, help, kind: 'number', standard: String(standard) },
});
const choice = (name: string, label: string, kinds: readonly [string, ...string[]], help: string): Field => ({
  ...{ name, label, help, kind: kinds, standard: kinds[0] },
});
const flag = (name: string, label: string, help: string): Field => ({ name, label, help, kind: 'flag', standard: '' });
const text = (name: string, label: string, standard: string, help: string): Field => ({
  ...{ name, label, help, kind: 'text', standard },
});
const overTcp = (values: Values): boolean => values['protocol'] === 'tcp';
const family = choice('family', 'Addresses', ['any', 'ipv4', 'ipv6'], 'Which of the addresses that a name has.');

const machine = { target: 'Target', example: 'example.org or 192.0.2.7' };

export const toolForms: readonly ToolForm[] = [
  {
    ...{ name: 'ping', word: 'Ping', about: 'Whether a target answers, how fast, and how evenly.', ...machine },
    fields: [
      choice('protocol', 'With', ['icmp', 'tcp'], 'ICMP echo requests, or TCP connects where ICMP is filtered.'),
      { ...number('port', 'Port', 443, 'That is connected to: 1 to 65535.'), when: overTcp },
      number('count', 'Times', 5, '1 to 100.'),
      number('intervalMs', 'Every, ms', 1_000, '200 to 10,000.'),
      { ...number('payloadBytes', 'Payload, B', 56, 'Of an echo request: 0 to 1,472.'), when: (v) => !overTcp(v) },
      family,
    ],
  },
  {
    ...{ name: 'trace', word: 'Trace', about: 'The way to a target, hop by hop, aligned across hosts.', ...machine },
    fields: [
      choice('protocol', 'With', ['icmp', 'udp', 'tcp'], 'What is sent; firewalls treat them differently.'),
      { ...number('port', 'Port', 443, 'That is connected to.'), when: overTcp },
      number('maxHops', 'Hops at most', 30, '1 to 64.'),
      number('probesPerHop', 'Probes a hop', 3, '1 to 5.'),
      family,
    ],
  },
  {
    ...{ name: 'dns', word: 'DNS', about: 'What a name resolves to as each host sees it.' },
    ...{ target: 'Name', example: 'www.example.org' },
    fields: [
      text('types', 'Types', 'A AAAA', 'Such as MX, TXT, SRV, CAA, TYPE65; at most 8.'),
      text('resolver', 'Resolver', '', "An address, with or without port; empty: the host's own."),
      choice('transport', 'Over', ['udp', 'tcp'], 'How the question travels.'),
      flag('dnssec', 'DNSSEC', 'Ask for signatures too, and whether the resolver checked them.'),
    ],
  },
  {
    ...{
      name: 'scan',
      word: 'Ports',
      about: 'Which ports are open, closed or filtered as seen from each host.',
      ...machine,
    },
    fields: [
      text('ports', 'Ports', '22,25,53,80,110,143,443,465,587,993,995,3306,5432,6379,8080,8443', 'Numbers and ranges.'),
      choice('method', 'How', ['connect', 'syn', 'udp'], 'Whole connections, SYN only, or UDP (at most 4,096 ports).'),
      number('rate', 'A second', 100, 'Probes a second: 1 to 1,000. The host caps it.'),
      {
        ...flag('banners', 'Banners', 'Read what open ports say first.'),
        when: ({ method }) => method !== 'syn' && method !== 'udp',
      },
    ],
  },
  {
    ...{
      name: 'certificate',
      word: 'Certificate',
      about: 'Chain, names, expiry and weak points of a TLS server.',
      ...machine,
    },
    fields: [
      number('port', 'Port', 443, 'Where it listens.'),
      text('serverName', 'Server name', '', 'Sent as SNI and checked; empty: the target.'),
      choice('startTls', 'STARTTLS', ['none', 'smtp', 'imap'], 'For servers that begin in the clear.'),
    ],
  },
  {
    ...{ name: 'http', word: 'HTTP', about: 'Status and headers of a page, and what each part of the time went into.' },
    ...{ target: 'URL', example: 'https://example.org/' },
    fields: [
      choice('method', 'Method', ['GET', 'HEAD'], 'HEAD asks for the headers only.'),
      flag('followRedirects', 'Redirects', 'Follow at most 5.'),
    ],
  },
  {
    ...{
      name: 'watch',
      word: 'Watch',
      about: 'Measures a target again and again, with its history; it goes on without you.',
      ...machine,
    },
    fields: [
      choice('protocol', 'With', ['icmp', 'tcp'], 'ICMP echo requests, or TCP connects.'),
      { ...number('port', 'Port', 443, 'That is connected to: 1 to 65535.'), when: overTcp },
      number('intervalSeconds', 'Every, s', 10, '1 to 3,600.'),
      number('days', 'For days', 30, '1 to 89; then it ends on its own.'),
    ],
  },
  {
    ...{
      name: 'capture',
      word: 'Capture',
      about: 'Packets as they pass a host, decoded while they come, and as a file that Wireshark opens.',
    },
    ...{ target: '', example: '' },
    fields: [
      text('filter', 'Filter', '', "tcpdump's syntax, a part of it; empty: everything."),
      text('interface', 'Interface', '', 'Empty: all but loopback.'),
      choice(
        'content',
        'Of each packet',
        ['headers', 'payload'],
        'Headers only, or all of it, sealed to this browser.',
      ),
      number('maxSeconds', 'Seconds at most', 60, '1 to 600.'),
      number('maxMiB', 'MiB at most', 16, '1 to 64, of each host.'),
    ],
  },
  {
    ...{
      name: 'address',
      word: 'Address',
      about: 'Where an address is, whose it is, and which hosts talk to it. Asks no host.',
    },
    ...{ target: 'Address', example: '192.0.2.7' },
    fields: [],
  },
];

export const formOf = (name: string | undefined): ToolForm =>
  toolForms.find((form) => form.name === name) ?? toolForms[0]!;

/** What a form shows before anything is typed. */
export const standardValues = ({ fields }: ToolForm): Values =>
  Object.fromEntries(fields.map(({ name, standard }) => [name, standard]));

const mebibyte = 1 << 20;

/** What a request needs beside what is typed. */
export interface Given {
  /** Of a watch. */
  nowMs: number;
  watchId: string;
  /** Of a capture of payload: the public key that it is sealed to. */
  recipient?: string | undefined;
}

/** Throws ToolFault with what is wrong. */
export function requestOf(
  form: ToolForm,
  target: string,
  values: Values,
  { nowMs, watchId, recipient }: Given,
): ToolRequest {
  const given: Record<string, unknown> = {};
  for (const { name, kind, when } of form.fields) {
    if (when && !when(values)) continue;
    const value = values[name]?.trim() ?? '';
    given[name] = kind === 'number' ? Number(value || NaN) : kind === 'flag' ? value === 'yes' : value;
  }
  const parameters: Record<string, unknown> = { target: target.trim(), ...given };
  if (form.name === 'ping' && parameters['protocol'] === 'tcp') parameters['payloadBytes'] = 0;
  if (form.name === 'scan') parameters['banners'] ??= false;
  if (form.name === 'dns') {
    parameters['name'] = parameters['target'];
    parameters['types'] = String(parameters['types'])
      .toUpperCase()
      .split(/[\s,]+/)
      .filter(Boolean);
    delete parameters['target'];
  }
  if (form.name === 'http') {
    parameters['url'] = /^[a-z][a-z\d+.-]*:\/\//i.test(target.trim()) ? target.trim() : `https://${target.trim()}`;
    delete parameters['target'];
  }
  if (form.name === 'watch') {
    parameters['id'] = watchId;
    parameters['expiresAt'] = Math.floor(nowMs / 1_000) + Math.round(Number(parameters['days']) * 86_400);
    delete parameters['days'];
  }
  if (form.name === 'capture') {
    parameters['maxBytes'] = Math.round(Number(parameters['maxMiB']) * mebibyte);
    if (parameters['content'] === 'payload') parameters['recipient'] = recipient;
    delete parameters['maxMiB'];
    delete parameters['target'];
  }
  return checkToolRequest({ tool: form.name, parameters });
}

/** The other way round, to run it again. */
export function valuesOf({ tool, parameters }: ToolRequest): Values {
  const form = formOf(tool);
  const given = parameters as unknown as Record<string, unknown>;
  const values = standardValues(form);
  for (const { name, kind } of form.fields) {
    const value = given[name];
    if (value === undefined) continue;
    values[name] = kind === 'flag' ? (value ? 'yes' : '') : Array.isArray(value) ? value.join(' ') : String(value);
  }
  if (tool === 'capture') values['maxMiB'] = String(Math.round((parameters.maxBytes / mebibyte) * 100) / 100);
  return values;
}
