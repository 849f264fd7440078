// Checks what a tool says: whoever reads it trusts neither the host nor what the host heard. Runs in the browser too.
import * as check from '../trust/checks.ts';
import type { Check } from '../trust/checks.ts';
import { malformed, StatementError } from '../trust/statement-error.ts';
import type { ToolEvent } from './events.ts';
import { toolLimits } from './limits.ts';
import { amount, flag, partly } from './shapes.ts';
import { ToolFault } from './tool-fault.ts';

const address = check.anyText(64);
const shortText = check.anyText(255);
const longText = check.anyText(1_024);
const port = check.integer(1, 65_535);
const rttUs = check.integer(0, 600_000_000);
const count = check.integer(0, Number.MAX_SAFE_INTEGER);
const phase = amount(600_000);

const pair: Check<[string, string]> = (value, at) => {
  const [name, text, ...more] = check.list(longText, 2)(value, at);
  if (name === undefined || text === undefined || more.length > 0) throw malformed(`${at} is no pair`);
  return [name, text];
};

const summary: Check<Record<string, number>> = (value, at) => {
  const entries = Object.entries(check.objectOf(value, at));
  if (entries.length > 32) throw malformed(`${at} has ${entries.length} members, at most 32 are allowed`);
  return Object.fromEntries(
    entries.map(([name, number]) => {
      if (!/^[a-z][A-Za-z0-9]{0,39}$/.test(name)) throw malformed(`${at} has a strange member`);
      return [name, amount(Number.MAX_SAFE_INTEGER)(number, `${at}.${name}`)];
    }),
  );
};

const certificate = check.exact({
  subject: longText,
  issuer: longText,
  names: check.list(shortText, 100),
  serial: check.anyText(128),
  notBefore: check.anyText(40),
  notAfter: check.anyText(40),
  key: shortText,
  signature: shortText,
  sha256: check.hex(32),
});

const event: Check<ToolEvent> = check.variant('kind', {
  resolved: check.exact({
    kind: check.oneOf(['resolved']),
    target: shortText,
    address,
    addresses: check.list(address, 16),
  }),
  ping: partly(
    {
      kind: check.oneOf(['ping']),
      attempt: check.integer(1, 100),
      outcome: check.oneOf(['answered', 'timeout', 'refused', 'unreachable']),
    },
    { rttUs, ttl: check.integer(0, 255), from: address },
  ),
  hop: partly(
    {
      kind: check.oneOf(['hop']),
      hop: check.integer(1, 64),
      attempt: check.integer(1, 5),
      outcome: check.oneOf(['answered', 'timeout', 'reached', 'unreachable']),
    },
    { address, rttUs, name: shortText },
  ),
  'dns-answer': partly(
    {
      kind: check.oneOf(['dns-answer']),
      resolver: address,
      type: check.anyText(16),
      rcode: check.anyText(16),
      rttUs,
      bytes: check.integer(0, 65_535),
      flags: check.exact({ authoritative: flag, truncated: flag, recursionAvailable: flag, authenticData: flag }),
      records: check.list(
        check.exact({
          section: check.oneOf(['answer', 'authority']),
          name: check.anyText(1_012),
          type: check.anyText(16),
          ttl: check.integer(0, 2 ** 32 - 1),
          data: check.anyText(2_048),
        }),
        100,
      ),
    },
    { error: longText },
  ),
  port: partly(
    {
      kind: check.oneOf(['port']),
      port,
      state: check.oneOf(['open', 'closed', 'filtered', 'open|filtered']),
      service: check.anyText(64),
    },
    { rttUs, banner: check.pattern(200, /^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'a line whose controls are written as \\xNN') },
  ),
  certificate: partly(
    {
      kind: check.oneOf(['certificate']),
      protocol: check.anyText(32),
      cipher: check.anyText(64),
      trusted: flag,
      nameMatches: flag,
      chain: check.list(certificate, 10),
      weaknesses: check.list(check.exact({ severity: check.oneOf(['low', 'medium', 'high']), text: shortText }), 50),
    },
    { reason: shortText },
  ),
  http: check.exact({
    kind: check.oneOf(['http']),
    url: check.anyText(2_048),
    status: check.integer(100, 999),
    statusText: shortText,
    version: check.anyText(16),
    phases: partly({ firstByte: phase }, { resolve: phase, connect: phase, tls: phase, body: phase }),
    headers: check.list(pair, 64),
    bodyBytes: count,
    remote: address,
  }),
  progress: check.exact({ kind: check.oneOf(['progress']), done: count, of: count, text: shortText }),
  ended: check.exact({
    kind: check.oneOf(['ended']),
    outcome: check.oneOf(['completed', 'cancelled', 'limit', 'failed']),
    detail: longText,
    summary,
  }),
});

/** An event, rebuilt from what was checked. Throws ToolFault. */
export function checkToolEvent(value: unknown): ToolEvent {
  try {
    return event(value, 'event');
  } catch (error) {
    if (error instanceof StatementError) throw new ToolFault(error.message, { cause: error });
    throw error;
  }
}

/** Out of a ToolOutput: bytes are counted before anything is parsed. Throws ToolFault. */
export function readToolEvents(texts: readonly string[]): ToolEvent[] {
  let bytes = 0;
  return texts.map((text) => {
    const length = new TextEncoder().encode(text).length;
    bytes += length;
    if (length > toolLimits.eventBytes || bytes > toolLimits.outputBytes)
      throw new ToolFault(`An event has ${length} bytes, those of one frame ${bytes} by then: more than is allowed.`);
    return checkToolEvent(parsed(text));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ToolFault('An event is not JSON.', { cause });
  }
}
