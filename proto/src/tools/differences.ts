// Which of several hosts sees something else than the others, and what: said in words.
import type { ToolEvent } from './events.ts';
import { pingFigures } from './ping-figures.ts';
import { traceHops } from './trace-hops.ts';

/** What a host found, as texts that can be compared: "port 443" → "open". */
type Aspects = Map<string, string>;

/** A round trip is odd when it is so many times the usual one, and so much longer. */
const odd = { times: 3, microseconds: 5_000 };
const longestValue = 60;

function aspectsOf(events: readonly ToolEvent[]): Aspects {
  const aspects: Aspects = new Map();
  const pings = events.filter((event) => event.kind === 'ping');
  const hops = events.filter((event) => event.kind === 'hop');
  for (const event of events) {
    if (event.kind === 'resolved') aspects.set('address', event.address);
    else if (event.kind === 'port') aspects.set(`port ${event.port}`, event.state);
    else if (event.kind === 'dns-answer') aspects.set(event.type, answerText(event));
    else if (event.kind === 'certificate') {
      aspects.set(
        'certificate',
        event.chain[0] ? `${event.chain[0].subject} ${event.chain[0].sha256.slice(0, 8)}` : 'none',
      );
      aspects.set('trust', event.trusted ? 'trusted' : (event.reason ?? 'not trusted'));
      aspects.set('protocol', event.protocol);
    } else if (event.kind === 'http') aspects.set('status', String(event.status));
  }
  if (pings.length > 0) {
    const { sent, answered } = pingFigures(pings);
    const word = new Set(pings.map(({ outcome }) => outcome)).has('refused') ? 'refused' : 'no answer';
    aspects.set('answers', answered === 0 ? word : answered < sent ? 'some' : 'all');
  }
  if (hops.length > 0)
    aspects.set('target', traceHops(hops).some(({ reached }) => reached) ? 'reached' : 'not reached');
  return aspects;
}

/** The mean of what tells how far away the target is, microseconds; undefined = nothing does. */
function distanceOf(events: readonly ToolEvent[]): number | undefined {
  const pings = events.filter((event) => event.kind === 'ping');
  const http = events.findLast((event) => event.kind === 'http');
  const last = traceHops(events.filter((event) => event.kind === 'hop')).find(({ reached }) => reached);
  return (
    pingFigures(pings).meanUs ?? last?.times.meanUs ?? (http ? Math.round(http.phases.firstByte * 1_000) : undefined)
  );
}

/** By host, what differs from the others; hosts that see the same are left out. */
export function differences<Host>(said: ReadonlyMap<Host, readonly ToolEvent[]>): Map<Host, string[]> {
  const all = [...said]
    .filter(([, events]) => events.length > 0)
    .map(([host, events]) => ({ host, events, aspects: aspectsOf(events) }));
  const found = new Map<Host, string[]>();
  const note = (host: Host, text: string) => found.set(host, [...(found.get(host) ?? []), text]);
  for (const name of new Set(all.flatMap(({ aspects }) => [...aspects.keys()]))) {
    const known = all.flatMap(({ host, aspects }) => {
      const value = aspects.get(name);
      return value === undefined ? [] : [{ host, value }];
    });
    const usual = usualOf(known.map(({ value }) => value));
    for (const { host, value } of known) {
      if (usual === undefined || value === usual) continue;
      note(host, `${name} ${cut(value)}, ${known.length === 2 ? 'the other' : 'the others'} ${cut(usual)}`);
    }
    // Two that disagree: neither is the odd one, so both are told.
    if (usual === undefined && known.length === 2) {
      const [one, two] = known as [(typeof known)[0], (typeof known)[0]];
      note(one.host, `${name} ${cut(one.value)}, the other ${cut(two.value)}`);
      note(two.host, `${name} ${cut(two.value)}, the other ${cut(one.value)}`);
    }
  }
  const far = all.flatMap(({ host, events }) => {
    const us = distanceOf(events);
    return us === undefined ? [] : [{ host, us }];
  });
  for (const { host, us } of far) {
    const others = far.filter((entry) => entry.host !== host).map((entry) => entry.us);
    const usual = others.toSorted((a, b) => a - b)[Math.floor(others.length / 2)];
    if (usual === undefined || us < usual * odd.times || us - usual < odd.microseconds) continue;
    note(host, `${milliseconds(us)}, ${others.length === 1 ? 'the other' : 'the others'} ${milliseconds(usual)}`);
  }
  return found;
}

/** What more than half of them say; undefined = nothing. */
function usualOf(values: readonly string[]): string | undefined {
  for (const [value, alike] of Map.groupBy(values, (one) => one)) {
    if (alike.length * 2 > values.length) return value;
  }
  return undefined;
}

function answerText(event: ToolEvent & { kind: 'dns-answer' }): string {
  if (event.error !== undefined) return event.error;
  const data = event.records
    .filter(({ section, type }) => section === 'answer' && type === event.type)
    .map((record) => record.data)
    .toSorted();
  return data.length > 0 ? data.join(' ') : event.rcode === 'NOERROR' ? 'no records' : event.rcode;
}

const cut = (text: string): string => (text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text);

const milliseconds = (us: number): string => `${(us / 1_000).toFixed(us < 10_000 ? 2 : us < 100_000 ? 1 : 0)} ms`;
