// `foretop approve keygen`: makes an operator's key on the operator's machine, and registers its public half.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SigningKey } from '@foretop/proto/api';
import { createKeyFile, newKeyPair } from '../trust/key-file.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import type { Terminal } from './terminal.ts';

export interface NewKey {
  path: string;
  name: string;
  passphrase: string | undefined;
}

/** Makes a key and registers it; an administrator then grants it. Throws CliError. */
export async function makeApproveKey(client: Client, wanted: NewKey, terminal: Terminal): Promise<void> {
  const { path, name, passphrase } = wanted;
  const key = await newKeyPair();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (!(await createKeyFile(path, 'approve', key, passphrase)))
    throw new CliError('usage', `'${path}' exists already. Name another file with --key.`);
  const body = { signer: 'approve', name, jwk: key.jwk };
  const { id, thumbprint } = await client.request<SigningKey>('POST', '/trust/keys', body);
  terminal.print(thumbprint);
  terminal.note(
    `Key ${id} is in ${path} and is registered. It signs once an administrator has granted it what it may do.`,
  );
}
