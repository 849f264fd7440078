// Begins a run from hosts: asks them, checks what they offer, and signs that here with the operator's key.
import type { CommandOffer, Host, List, ToolRun, ToolRunAsked, ToolRunSigned } from '@foretop/proto/api';
import { differenceOf, readToolRequest, toolCapability, ToolFault, type ToolRequest } from '@foretop/proto/tools';
import { commandDigest, peekStatement, signStatement, StatementError } from '@foretop/proto/trust';
import { printable } from '../config/printable.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { recognise, remember } from './known-hosts.ts';
import type { ToolCall } from './tool-call.ts';

/** `from`: names or numbers of hosts. Throws CliError when no host offers it. */
export async function beginRun(call: ToolCall, request: ToolRequest, from: readonly string[]): Promise<ToolRun> {
  const { client, terminal } = call;
  const hosts = await findHosts(client, from);
  const { run, offers } = await client.request<ToolRunAsked>('POST', '/tool-runs', { ...request, hosts });
  for (const { status, hostName, detail, code } of run.hosts) {
    if (status !== 'refused') continue;
    terminal.note(printable(`${hostName}: ${detail} (${code})`));
    if (code === 'not-allowed') terminal.note(`  It would take "allow": "${toolCapability(request)}" there.`);
  }
  if (offers.length === 0) throw new CliError('refused', 'No host offers it. Nothing was signed.');
  const signatures = [];
  for (const offer of offers) {
    // Only the host decides; whoever is told beforehand knows what to change.
    if (!offer.canSign) terminal.note(printable(`${offer.hostName}: ${offer.why}`));
    signatures.push(await signOffer(call, request, offer));
  }
  const signed = await client.request<ToolRunSigned>('POST', `/tool-runs/${run.id}/sign`, { signatures });
  for (const { requestId, detail } of signed.faults) {
    const name = run.hosts.find((part) => part.requestId === requestId)?.hostName ?? '';
    terminal.note(printable(`${name}: ${detail}`));
  }
  return signed.run;
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

/** What each host is called in what is shown: its name, with its number where several bear that name. */
export function labelsOf({ hosts }: ToolRun): Map<number, string> {
  const isShared = (name: string) => hosts.filter(({ hostName }) => hostName === name).length > 1;
  return new Map(
    hosts.map(({ hostId, hostName }) => [hostId, printable(isShared(hostName) ? `${hostName} (${hostId})` : hostName)]),
  );
}
