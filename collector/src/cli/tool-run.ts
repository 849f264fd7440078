// Runs a tool from hosts: asks them, signs what they offer here with the operator's key, shows what they say, and sums it up.
import type { CommandOffer, Host, List, ToolRun, ToolRunAsked, ToolRunEvent, ToolRunSigned } from '@foretop/proto/api';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  differenceOf,
  differences,
  readToolRequest,
  serverEventReader,
  type ToolEvent,
  ToolFault,
  type ToolRequest,
} from '@foretop/proto/tools';
import { commandDigest, peekStatement, signStatement, StatementError } from '@foretop/proto/trust';
import { printable } from '../config/printable.ts';
import type { KeyPair } from '../trust/key-file.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { recognise, remember } from './known-hosts.ts';
import type { Terminal } from './terminal.ts';
import { eventLine, summaryTable } from './tool-text.ts';

/** After a stream that broke off. */
const againMs = 500;

export interface ToolCall {
  client: Client;
  key: KeyPair;
  knownHosts: string;
  terminal: Terminal;
  json: boolean;
  /** Aborted: the person wants it to stop. */
  signal: AbortSignal;
}

/** Throws CliError when a host did not run it to its end, or got no answer at all. */
export async function runTool(call: ToolCall, request: ToolRequest, from: readonly string[]): Promise<void> {
  const { client, terminal, json } = call;
  const hosts = await findHosts(client, from);
  const { run, offers } = await client.request<ToolRunAsked>('POST', '/tool-runs', { ...request, hosts });
  for (const part of run.hosts.filter(({ status }) => status === 'refused'))
    terminal.note(printable(`${part.hostName}: ${part.detail} (${part.code})`));
  if (offers.length === 0) throw new CliError('refused', 'No host offers it. Nothing was signed.');
  const signatures = [];
  for (const offer of offers) signatures.push(await signOffer(call, request, offer));
  const { faults } = await client.request<ToolRunSigned>('POST', `/tool-runs/${run.id}/sign`, { signatures });
  for (const { requestId, detail } of faults) {
    const name = run.hosts.find((part) => part.requestId === requestId)?.hostName ?? '';
    terminal.note(printable(`${name}: ${detail}`));
  }
  const { last, said } = await follow(call, run);
  if (json) terminal.print(JSON.stringify({ run: last, events: said }));
  else printSummary(terminal, last, said);
  judge(last, said);
}

/** One operator's word for all of them. Throws CliError for an offer of something else, or of another host. */
async function signOffer({ key, knownHosts, terminal }: ToolCall, asked: ToolRequest, offer: CommandOffer) {
  const claims = readOffer(offer);
  const { action, iss } = claims;
  const refuse = (why: string, cause?: unknown): never => {
    throw new CliError('refused', printable(`${offer.hostName}: ${why}. Nothing was signed.`), { cause });
  };
  if (action.kind !== 'run-tool') return refuse('the offer is of another kind of command');
  try {
    const difference = differenceOf(asked, readToolRequest(action.tool, action.parameters));
    if (difference !== undefined) return refuse(`the offer is of ${difference}`);
  } catch (error) {
    if (error instanceof ToolFault) return refuse('the offer is not valid', error);
    throw error;
  }
  const host = { thumbprint: iss, name: offer.hostName };
  const { text, wary } = await recognise(knownHosts, host);
  if (
    wary &&
    (await terminal.ask(`${printable(host.name)}: ${text}\nTo sign for it, type the host's name: `)) !==
      printable(host.name)
  )
    return refuse('not confirmed');
  const digest = Buffer.from(await commandDigest(offer.offer, action.kind, iss)).toString('base64url');
  const statement = await signStatement(
    'command',
    { iss: key.thumbprint, aud: iss, digest },
    key.privateKey,
    key.thumbprint,
  );
  await remember(knownHosts, host, new Date());
  return { requestId: offer.requestId, signature: { statement } };
}

/** By its own text: what the collector says beside it is not looked at. Throws CliError. */
function readOffer({ offer, hostThumbprint }: CommandOffer) {
  try {
    const claims = peekStatement('offer', offer);
    if (claims.iss === hostThumbprint) return claims;
  } catch (cause) {
    if (!(cause instanceof StatementError)) throw cause;
    throw new CliError('refused', `What came is no offer: ${printable(cause.message)}.`, { cause });
  }
  throw new CliError('refused', 'An offer is of another host than the one that was asked.');
}

/** Until all hosts are done. The first wish to stop cancels the run, and what the hosts still say is shown. */
async function follow(call: ToolCall, run: ToolRun): Promise<{ last: ToolRun; said: ToolRunEvent[] }> {
  const { client, terminal, json, signal } = call;
  const names = new Map(run.hosts.map(({ hostId, hostName }) => [hostId, hostName]));
  const prefix = (hostId: number) => (names.size > 1 ? `${printable(names.get(hostId) ?? '')}  ` : '');
  const said: ToolRunEvent[] = [];
  let last = run;
  const stop = () => {
    terminal.note('Cancelling …');
    client.request('DELETE', `/tool-runs/${run.id}`).catch((error: Error) => terminal.note(error.message));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let after = ''; ;) {
      const body = await client.stream(`/tool-runs/${run.id}/events`, after === '' ? {} : { 'last-event-id': after });
      const read = serverEventReader();
      for await (const bytes of body)
        for (const { kind, id, data } of read(bytes)) {
          if (kind === 'end') return { last, said };
          if (kind === 'run') last = JSON.parse(data) as ToolRun;
          if (kind !== 'said') continue;
          after = id;
          const one = JSON.parse(data) as ToolRunEvent;
          said.push(one);
          const line = json ? undefined : eventLine(one.event);
          if (line !== undefined) terminal.print(prefix(one.hostId) + line);
        }
      await sleep(againMs);
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function byHost(run: ToolRun, said: readonly ToolRunEvent[]): Map<string, ToolEvent[]> {
  const ran = run.hosts.filter(({ signedAt }) => signedAt !== null);
  return new Map(
    ran.map(({ hostId, hostName }) => [
      hostName,
      said.filter((one) => one.hostId === hostId).map(({ event }) => event),
    ]),
  );
}

function printSummary(terminal: Terminal, run: ToolRun, said: readonly ToolRunEvent[]): void {
  const found = byHost(run, said);
  const text = summaryTable(found);
  if (text !== '') terminal.print(text);
  for (const [host, texts] of differences(found))
    for (const one of texts) terminal.print(printable(`${host} differs: ${one}`));
  for (const { hostName, status, detail, code } of run.hosts) {
    if (status !== 'ended')
      terminal.note(printable(`${hostName}: ${status}${detail ? `, ${detail}` : ''}${code ? ` (${code})` : ''}`));
  }
}

function judge(run: ToolRun, said: readonly ToolRunEvent[]): void {
  const bad = run.hosts.filter(({ outcome }) => outcome !== 'completed').map(({ hostName }) => hostName);
  if (bad.length > 0) throw new CliError('refused', printable(`Not run to its end: ${bad.join(', ')}.`));
  if (run.tool !== 'ping') return;
  const silent = run.hosts.filter(
    ({ hostId }) =>
      !said.some(({ hostId: by, event }) => by === hostId && event.kind === 'ping' && event.outcome === 'answered'),
  );
  if (silent.length > 0)
    throw new CliError('refused', printable(`No answer to: ${silent.map(({ hostName }) => hostName).join(', ')}.`));
}

/** By name or number. Throws CliError. */
async function findHosts(client: Client, from: readonly string[]): Promise<number[]> {
  const { items } = await client.request<List<Host>>('GET', '/hosts?limit=1000');
  return from.map((text) => {
    const named = items.filter(
      ({ id, name, status }) => status !== 'revoked' && (name === text || String(id) === text),
    );
    if (named.length === 1) return named[0]!.id;
    throw new CliError(
      'usage',
      named.length === 0
        ? `There is no host ${JSON.stringify(text)}.`
        : `Several hosts are called ${JSON.stringify(text)}. Take one by number: ${named.map(({ id }) => id).join(', ')}.`,
    );
  });
}
