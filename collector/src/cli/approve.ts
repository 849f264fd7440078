// `foretop approve`: shows what a host offers on the operator's own machine, and signs it there with a key that no collector has.
import type { CommandList, CommandOffer, CommandResult } from '@foretop/proto/api';
import { commandDigest, peekStatement, signStatement, StatementError } from '@foretop/proto/trust';
import { printable } from '../config/printable.ts';
import { table } from '../serve/operate.ts';
import type { KeyPair } from '../trust/key-file.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { keepHead } from './kept-heads.ts';
import { recognise, remember } from './known-hosts.ts';
import { offerText } from './offer-text.ts';
import type { Terminal } from './terminal.ts';

export async function listQueued(client: Client, json: boolean, terminal: Terminal): Promise<void> {
  const { items } = await client.request<CommandList>('GET', '/commands?status=queued&limit=1000');
  if (json) return terminal.print(JSON.stringify(items));
  if (items.length === 0) return terminal.note('Nothing waits for a signature.');
  const rows = items.map((command) => [
    command.requestId,
    command.hostName,
    command.summary,
    command.operator,
    new Date(command.expiresAt),
  ]);
  terminal.print(table(['REQUEST', 'HOST', 'WHAT', 'ASKED BY', 'UNTIL'], rows));
  terminal.note('Sign one with: foretop approve REQUEST');
}

export interface Approval {
  client: Client;
  key: KeyPair;
  knownHosts: string;
  heads: string;
  terminal: Terminal;
  json: boolean;
}

/**
 * Asks the host for a fresh offer, shows it, has it confirmed by typing, signs it, and tells what came of it. Throws CliError
 * when it was not confirmed or did not come to the end that was wanted.
 */
export async function approve(requestId: string, approval: Approval): Promise<void> {
  const { client, key, knownHosts, heads, terminal, json } = approval;
  const path = `/commands/${encodeURIComponent(requestId)}`;
  const offer = await client.request<CommandOffer>('POST', `${path}/offer`);
  const claims = readOffer(offer);
  const host = { thumbprint: claims.iss, name: offer.hostName };
  const { lines, confirmation } = offerText(claims, host.name);
  const { text } = await recognise(knownHosts, host);
  terminal.note(
    `On ${printable(host.name)}, as the collector calls the host with the key\n  ${host.thumbprint}\n  ${text}`,
  );
  terminal.note(lines.join('\n'));
  const typed = await terminal.ask(`To sign, type the host and the number, "${confirmation}": `);
  if (typed !== confirmation) throw new CliError('usage', 'Not confirmed. Nothing was signed.');
  const digest = Buffer.from(await commandDigest(offer.offer, claims.action.kind, claims.iss)).toString('base64url');
  const command = { iss: key.thumbprint, aud: claims.iss, digest };
  const statement = await signStatement('command', command, key.privateKey, key.thumbprint);
  const body = { requestId: offer.requestId, signature: { statement } };
  const result = await client.request<CommandResult>('POST', `${path}/signature`, body);
  await remember(knownHosts, host, new Date());
  await keepHead(client, heads, terminal);
  tell(result, json, terminal);
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
  throw new CliError('refused', 'The offer is of another host than the one that was asked.');
}

function tell({ outcome, detail, progress, code, receipt }: CommandResult, json: boolean, terminal: Terminal): void {
  for (const text of progress) terminal.note(printable(text));
  if (json) terminal.print(JSON.stringify({ outcome, code, detail, receipt }));
  else terminal.print(printable(`${outcome}: ${detail}`));
  if (outcome !== 'gone' && outcome !== 'closed')
    throw new CliError('refused', `It did not end as wanted: ${outcome}${code === '' ? '' : ` (${code})`}.`);
}
