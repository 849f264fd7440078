// Where captured packets are written: a file for each host, or standard output for a program behind a pipe.
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { CliError } from './cli-error.ts';

export interface PacketFile extends AsyncDisposable {
  /** undefined: standard output. */
  path: string | undefined;
  write(bytes: Uint8Array): Promise<void>;
}

/** `onClosed`: nobody reads standard output any more. */
export function standardOutput(onClosed: () => void): PacketFile {
  const { stdout } = process;
  if (stdout.isTTY)
    throw new CliError(
      'usage',
      'Packets are no text: give a file with -w FILE, or a pipe as in -w - | wireshark -k -i -',
    );
  let isClosed = false;
  stdout.on('error', () => {
    isClosed = true;
    onClosed();
  });
  return {
    path: undefined,
    async write(bytes) {
      if (isClosed || stdout.write(bytes)) return;
      await Promise.race([once(stdout, 'drain'), once(stdout, 'error')]).catch(() => undefined);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Only its owner may read it: packets hold secrets. One that is there is written anew. Throws CliError. */
export async function createFile(path: string): Promise<PacketFile> {
  const file = await open(path, 'w', 0o600).catch((cause: Error) => {
    throw new CliError('usage', `'${path}' cannot be written: ${cause.message}`, { cause });
  });
  return {
    path,
    write: (bytes) => file.writeFile(bytes),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** With the host's name before the ending: "here.pcapng" is "here-web-1.pcapng". */
export function pathFor(path: string, hostName: string, hostId: number): string {
  const { dir, name, ext } = parse(path);
  const host = hostName.replaceAll(/[^\w.-]+/g, '_').slice(0, 64) || String(hostId);
  return join(dir, `${name}-${host}${ext}`);
}
