// Heads of the collector's audit as this command line has seen them: on the operator's machine, where no collector can write them anew.
import { readFile } from 'node:fs/promises';
import type { AuditHeads } from '@foretop/proto/api';
import { readStatement } from '@foretop/proto/trust';
import { printable } from '../config/printable.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { replacePrivateText } from './sign-in.ts';
import type { Terminal } from './terminal.ts';

interface KeptHead {
  keeper: 'collector';
  thumbprint: string;
  key: { kty: 'OKP'; crv: 'Ed25519'; x: string };
  sequence: number;
  hash: string;
  head: string;
}

/** Of all collectors; `foretop audit verify --heads` reads the file. */
const mostKept = 1_000;

/** After something was signed: the head that follows it. Warns when the chain does not go on from the one before. Never throws. */
export async function keepHead(client: Client, path: string, terminal: Terminal): Promise<void> {
  try {
    const head = await currentHead(client);
    if (head === undefined) return;
    const kept = await keptHeads(path);
    const last = kept.findLast(({ thumbprint }) => thumbprint === head.thumbprint);
    const isSame = last?.sequence === head.sequence && last.hash === head.hash;
    if (isSame) return;
    if (last !== undefined && last.sequence >= head.sequence)
      return terminal.note(
        `WARNING: the collector's audit ends at entry ${head.sequence}, which does not continue entry ${last.sequence} as it was seen before. Look into it: foretop audit verify --heads ${path}`,
      );
    const lines = [...kept, head].slice(-mostKept).map((one) => `${JSON.stringify(one)}\n`);
    await replacePrivateText(path, lines.join(''));
  } catch (error) {
    terminal.note(`The head of the collector's audit was not kept: ${printable((error as Error).message)}`);
  }
}

/** undefined when there is no entry yet. Throws CliError, StatementError. */
async function currentHead(client: Client): Promise<KeptHead | undefined> {
  const { collector } = await client.request<AuditHeads>('GET', '/audit/heads');
  if (collector === null || collector === undefined) return undefined;
  const { key, head } = collector;
  const { iss, sequence, hash } = await readStatement('auditHead', head, key);
  if (iss !== collector.thumbprint) throw new CliError('refused', 'It is of another key than it says.');
  return { keeper: 'collector', thumbprint: iss, key, sequence, hash, head };
}

async function keptHeads(path: string): Promise<KeptHead[]> {
  try {
    const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as KeptHead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
