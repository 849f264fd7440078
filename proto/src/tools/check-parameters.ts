// Checks what a tool is asked to do: every member, its bounds, and nothing else beside them. Runs in the browser too.
import * as check from '../trust/checks.ts';
import type { Check } from '../trust/checks.ts';
import { malformed, StatementError } from '../trust/statement-error.ts';
import type { Capability } from '../trust/statements.ts';
import { dnsTypeNumber } from '../dns-names.ts';
import { toolLimits } from './limits.ts';
import { type ToolName, toolNames, type ToolParameters, type ToolRequest } from './parameters.ts';
import { endpointOf, isIpv4, isIpv6, portsOf } from './ports.ts';
import { flag, partly } from './shapes.ts';
import { ToolFault } from './tool-fault.ts';

/** A name or address as people type it; what a resolver makes of it is judged by the host. */
const target: Check<string> = (value, at) => {
  const text = check.plainText(253)(value, at);
  if (isIpv4(text) || isIpv6(text)) return text;
  const labels = text.replace(/\.$/, '').split('.');
  if (labels.every((label) => /^[\p{L}\p{M}\p{N}_](?:[\p{L}\p{M}\p{N}_-]{0,62})$/u.test(label))) return text;
  throw malformed(`${at} is neither a name nor an address`);
};

const port = check.integer(1, 65_535);
const family = check.oneOf(['any', 'ipv4', 'ipv6']);

/** TCP needs a port, and nothing else has one. */
const withPort =
  <T extends { protocol: string; port?: number }>(
    shape: Check<T>,
    protocols: Record<string, 'needed' | 'allowed'>,
  ): Check<T> =>
  (value, at) => {
    const found = shape(value, at);
    const rule = protocols[found.protocol];
    if (rule === 'needed' && found.port === undefined) throw malformed(`${at} lacks port`);
    if (rule === undefined && found.port !== undefined)
      throw malformed(`${at}.port has no meaning for ${found.protocol}`);
    return found;
  };

const dnsType: Check<string> = (value, at) => {
  const text = check.anyText(16)(value, at);
  if (dnsTypeNumber(text) !== undefined) return text;
  throw malformed(`${at} is no type of DNS records, such as AAAA or TYPE65`);
};

const resolver: Check<string> = (value, at) => {
  const text = check.anyText(64)(value, at);
  if (text === '' || endpointOf(text)) return text;
  throw malformed(`${at} is no address, with or without a port`);
};

const dns: Check<ToolParameters['dns']> = (value, at) => {
  const found = check.exact({
    name: check.pattern(253, /^[^\s\p{C}]+$/u, 'a name'),
    types: check.set(dnsType, 8),
    resolver,
    transport: check.oneOf(['udp', 'tcp']),
    dnssec: flag,
  })(value, at);
  if (found.types.length === 0) throw malformed(`${at}.types is empty`);
  return found;
};

const mostUdpPorts = 4_096;

const scan: Check<ToolParameters['scan']> = (value, at) => {
  const found = check.exact({
    target,
    method: check.oneOf(['connect', 'syn', 'udp']),
    ports: check.pattern(1_024, /^[\d,\s-]+$/, 'a list of ports such as 22,80,8000-8100'),
    rate: check.integer(1, 1_000),
    banners: flag,
  })(value, at);
  const count = portsOf(found.ports).length;
  if (count === 0) throw malformed(`${at}.ports is no list of ports such as 22,80,8000-8100`);
  if (found.method === 'udp' && count > mostUdpPorts)
    throw malformed(`${at}.ports are ${count}, at most ${mostUdpPorts} are asked by UDP`);
  if (found.banners && found.method !== 'connect') throw malformed(`${at}.banners can only be read by 'connect'`);
  return found;
};

const url: Check<string> = (value, at) => {
  const text = check.plainText(2_048)(value, at);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) throw malformed(`${at} does not begin with http:// or https://`);
  if (parsed.username !== '' || parsed.password !== '') throw malformed(`${at} holds a password`);
  return text;
};

const capture: Check<ToolParameters['capture']> = (value, at) => {
  const found = partly(
    {
      interface: check.pattern(15, /^[^\s/\p{C}]*$/u, 'the name of an interface'),
      filter: check.orEmpty(check.plainText(1_024)),
      content: check.oneOf(['headers', 'payload']),
      maxBytes: check.integer(1, 64 << 20),
      maxSeconds: check.integer(1, 600),
    },
    { recipient: check.bytes32 },
  )(value, at);
  if ((found.content === 'payload') !== (found.recipient !== undefined))
    throw malformed(`${at}.recipient is for payload, and payload needs it`);
  return found;
};

const checks: { [Name in ToolName]: Check<ToolParameters[Name]> } = {
  ping: withPort(
    partly(
      {
        target,
        protocol: check.oneOf(['icmp', 'tcp']),
        count: check.integer(1, 100),
        intervalMs: check.integer(200, 10_000),
        payloadBytes: check.integer(0, 1_472),
        family,
      },
      { port },
    ),
    { tcp: 'needed' },
  ),
  trace: withPort(
    partly(
      {
        target,
        protocol: check.oneOf(['icmp', 'udp', 'tcp']),
        maxHops: check.integer(1, 64),
        probesPerHop: check.integer(1, 5),
        family,
      },
      { port },
    ),
    { tcp: 'allowed', udp: 'allowed' },
  ),
  dns,
  scan,
  certificate: check.exact({
    target,
    port,
    serverName: check.orEmpty(target),
    startTls: check.oneOf(['none', 'smtp', 'imap']),
  }),
  http: check.exact({ url, method: check.oneOf(['GET', 'HEAD']), followRedirects: flag }),
  watch: withPort(
    partly(
      {
        id: check.hex(8),
        target,
        protocol: check.oneOf(['icmp', 'tcp']),
        intervalSeconds: check.integer(1, 3_600),
        expiresAt: check.integer(0, 253_402_300_799),
      },
      { port },
    ),
    { tcp: 'needed' },
  ),
  capture,
};

/** A request, rebuilt from what was checked. Whether a watch expires in time, its clock decides. Throws ToolFault. */
export function checkToolRequest(value: unknown): ToolRequest {
  return faults(() => {
    const { tool, parameters } = check.exact({ tool: check.oneOf(toolNames), parameters: (given: unknown) => given })(
      value,
      'request',
    );
    return { tool, parameters: checks[tool](parameters, 'parameters') } as ToolRequest;
  });
}

/** Out of what a RunTool frame and an offer hold. Throws ToolFault. */
export function readToolRequest(tool: string, json: string): ToolRequest {
  if (new TextEncoder().encode(json).length > toolLimits.parametersBytes)
    throw new ToolFault(`The parameters have more than ${toolLimits.parametersBytes} bytes.`);
  return checkToolRequest({ tool, parameters: parsed(json) });
}

/** What a roster and a host's file must allow for it. */
export function toolCapability({ tool, parameters }: ToolRequest): Capability {
  if (tool !== 'capture') return 'probe';
  return parameters.content === 'payload' ? 'capture-payload' : 'capture-headers';
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ToolFault('The parameters are not JSON.', { cause });
  }
}

function faults<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StatementError) throw new ToolFault(error.message, { cause: error });
    throw error;
  }
}
