// Where a passphrase comes from that seals or opens a key file: a file, or the person.
import { CliError } from './cli-error.ts';
import { readPrivate } from './client.ts';
import type { Terminal } from './terminal.ts';

export interface PassphraseOptions {
  passphraseFile?: string;
  /** Given as --no-passphrase: false. */
  passphrase?: boolean;
}

const leastLength = 8;

/** For a new key file. undefined: it is left unsealed, as was asked for. Throws CliError. */
export async function newPassphrase(options: PassphraseOptions, terminal: Terminal): Promise<string | undefined> {
  if (options.passphrase === false) return undefined;
  const given =
    options.passphraseFile === undefined
      ? await terminal.askHidden(`New passphrase of the key (${leastLength} characters at least): `)
      : await fromFile(options.passphraseFile);
  if (given.length < leastLength)
    throw new CliError(
      'usage',
      `A passphrase has ${leastLength} characters at least. Leave the key unsealed with --no-passphrase.`,
    );
  if (options.passphraseFile === undefined && (await terminal.askHidden('Once more: ')) !== given)
    throw new CliError('usage', 'The two passphrases are not the same.');
  return given;
}

/** Asked when a key file turns out to be sealed. */
export const openPassphrase =
  ({ passphraseFile }: PassphraseOptions, terminal: Terminal) =>
  (): Promise<string> =>
    passphraseFile === undefined ? terminal.askHidden('Passphrase of the key: ') : fromFile(passphraseFile);

const fromFile = async (path: string): Promise<string> => (await readPrivate(path)).replace(/\r?\n$/, '');
