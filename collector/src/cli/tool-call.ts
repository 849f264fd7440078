// What every look from a host needs here: who is signed in, the key that signs, the terminal, and Ctrl+C.
import { checkToolRequest, ToolFault, type ToolRequest } from '@foretop/proto/tools';
import { type KeyPair, readKeyFile } from '../trust/key-file.ts';
import { CliError } from './cli-error.ts';
import { type Client, openClient, type RemoteOptions } from './client.ts';
import { withTerminal } from './owner-commands.ts';
import { openPassphrase, type PassphraseOptions } from './passphrases.ts';
import type { Places } from './places.ts';
import type { Terminal } from './terminal.ts';

export interface ToolOptions extends RemoteOptions, PassphraseOptions {
  from: string;
  key?: string;
  json: boolean;
}

export interface ToolCall {
  client: Client;
  key: KeyPair;
  knownHosts: string;
  terminal: Terminal;
  json: boolean;
  /** Aborted: the person wants it to stop. */
  stop: AbortController;
}

/** `hosts` as they were typed: names or numbers. Throws CliError. */
export function withToolCall(
  options: ToolOptions,
  places: Places,
  work: (call: ToolCall, hosts: string[]) => Promise<void>,
): Promise<void> {
  return withTerminal(async (terminal) => {
    const client = await openClient(options, places);
    const path = options.key ?? places.approveKey;
    const key = await readKeyFile(path, 'approve', openPassphrase(options, terminal));
    if (key === undefined)
      throw new CliError('usage', `'${path}' is not there. Make a key with: foretop approve keygen`);
    const { stop, release } = interruption();
    try {
      const call = { client, key, knownHosts: places.knownHosts, terminal, json: options.json, stop };
      await work(call, options.from.split(',').filter(Boolean));
    } finally {
      release();
    }
  });
}

/** Throws CliError usage with the member's name. */
export function checked(request: ToolRequest): ToolRequest {
  try {
    return checkToolRequest(request);
  } catch (error) {
    if (error instanceof ToolFault) throw new CliError('usage', `${error.message}.`, { cause: error });
    throw error;
  }
}

/** The first Ctrl+C asks to stop; the second ends the process as it is. */
function interruption(): { stop: AbortController; release: () => void } {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  return { stop, release: () => process.off('SIGINT', onSignal) };
}
