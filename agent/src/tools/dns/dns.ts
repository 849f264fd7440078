// DNS look-up: what a name server answers, one question a type, with all that it says of it.
import { getServers } from 'node:dns';
import { dnsTypeName, dnsTypeNumber, formatAddress } from '@foretop/proto';
import { type DnsAnswerEvent, type DnsParameters, endpointOf } from '@foretop/proto/tools';
import { parseAddress } from '../../host/portable/address.ts';
import { requireAllowed } from '../aim.ts';
import { counted } from '../text.ts';
import { ToolRefusal } from '../tool-refusal.ts';
import type { Tool, ToolContext } from '../tool.ts';
import { askByTcp, askByUdp, type Asked, type Exchange, type Server } from './exchange.ts';
import { asciiName, encodeName } from './query.ts';
import { reverseName } from './reverse-name.ts';

const dnsPort = 53;
const mostServers = 3;

export const dns: Tool<'dns'> = {
  target: () => '',
  async aim(parameters, { guard }) {
    try {
      encodeName(nameOf(parameters, 'A'));
    } catch (error) {
      throw new ToolRefusal('malformed', `'${parameters.name}': ${(error as Error).message}.`, { cause: error });
    }
    const own = ownServers();
    if (parameters.resolver === '') {
      if (own.length === 0) throw new ToolRefusal('not-supported', 'The host names no resolver of its own.');
      return own.map(({ address }) => address);
    }
    const chosen = chosenServer(parameters);
    const isOwn = own.some(
      (server) => Buffer.compare(server.address, chosen.address) === 0 && server.port === chosen.port,
    );
    if (!isOwn) requireAllowed(chosen.address, 'connect', guard);
    return [chosen.address];
  },
  async run(context) {
    const { parameters, addresses, say } = context;
    const ports = parameters.resolver === '' ? ownServers() : [chosenServer(parameters)];
    const servers = addresses.map((address) => ({ address, port: portOf(ports, address) }));
    let answered = 0;
    let records = 0;
    for (const type of parameters.types) {
      const event = await look(context, servers, type);
      say(event);
      answered += event.error === undefined ? 1 : 0;
      records += event.records.length;
    }
    const of = parameters.types.length;
    return {
      detail: `${answered} of ${of} answered, ${counted(records, 'record')}`,
      summary: { asked: of, answered, records },
    };
  },
};

/** Asks one server after the other until one answers. */
async function look(
  { parameters, signal }: ToolContext<'dns'>,
  servers: readonly Server[],
  type: string,
): Promise<DnsAnswerEvent> {
  const number = dnsTypeNumber(type)!;
  const asked = { name: nameOf(parameters, type), type: number, dnssec: parameters.dnssec };
  let fault = 'no server was asked';
  for (const server of servers) {
    try {
      const found = await ask(asked, server, parameters, signal);
      if (found) return eventOf(server, dnsTypeName(number), found);
      fault = 'no answer in time';
    } catch (error) {
      signal.throwIfAborted();
      fault = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    }
  }
  const flags = { authoritative: false, truncated: false, recursionAvailable: false, authenticData: false };
  const resolver = formatAddress(servers[0]?.address ?? new Uint8Array());
  return {
    ...{ kind: 'dns-answer', resolver, type: dnsTypeName(number), rcode: '', rttUs: 0, bytes: 0, flags, records: [] },
    error: fault,
  };
}

async function ask(
  asked: Asked,
  server: Server,
  { transport }: DnsParameters,
  signal: AbortSignal,
): Promise<Exchange | undefined> {
  if (transport === 'tcp') return askByTcp(asked, server, signal);
  const found = await askByUdp(asked, server, signal);
  if (!found?.answer.flags.truncated) return found;
  const whole = await askByTcp(asked, server, signal).catch(() => undefined);
  signal.throwIfAborted();
  return whole ?? found;
}

function eventOf({ address }: Server, type: string, { answer, rttUs, bytes }: Exchange): DnsAnswerEvent {
  const { rcode, flags, records, isDamaged } = answer;
  const said: DnsAnswerEvent = {
    kind: 'dns-answer',
    resolver: formatAddress(address),
    type,
    rcode,
    rttUs,
    bytes,
    flags,
    records: [],
  };
  // One event holds so much; a long answer ends where there is no more room.
  let room = mostRecordsLength;
  for (const record of records) {
    room -= JSON.stringify(record).length;
    if (room < 0) break;
    said.records.push(record);
  }
  return isDamaged ? { ...said, error: 'the answer ends early or holds what cannot be read' } : said;
}

const mostRecordsLength = 12_000;

function nameOf({ name }: DnsParameters, type: string): string {
  const address = dnsTypeNumber(type) === dnsTypeNumber('PTR') ? parseAddress(name) : undefined;
  return address ? reverseName(address) : asciiName(name);
}

function chosenServer({ resolver }: DnsParameters): Server {
  const { address, port } = endpointOf(resolver)!;
  return { address: parseAddress(address)!, port: port || dnsPort };
}

/** Those that this host uses; the kernel's zones of link-local ones are lost here, and such are left out. */
function ownServers(): Server[] {
  return getServers()
    .map((text) => endpointOf(text))
    .filter((endpoint) => endpoint !== undefined)
    .slice(0, mostServers)
    .map(({ address, port }) => ({ address: parseAddress(address)!, port: port || dnsPort }));
}

function portOf(servers: readonly Server[], address: Uint8Array): number {
  return servers.find((server) => Buffer.compare(server.address, address) === 0)?.port ?? dnsPort;
}
