// Where the command line keeps an operator's own things on the operator's machine.
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export interface Places {
  /** Of `foretop sign-in`. */
  session: string;
  /** Signs commands. */
  approveKey: string;
  /** Thumbprints of hosts that were signed for. */
  knownHosts: string;
  /** Of the collector's audit, one for each time that something was signed. */
  heads: string;
}

export function placesOf(variables: Readonly<Record<string, string | undefined>>): Places {
  const configured = variables['XDG_CONFIG_HOME'];
  const base = configured && isAbsolute(configured) ? configured : join(variables['HOME'] || homedir(), '.config');
  const folder = join(base, 'foretop');
  return {
    session: join(folder, 'session.json'),
    approveKey: join(folder, 'approve-key.json'),
    knownHosts: join(folder, 'known-hosts.json'),
    heads: join(folder, 'audit-heads.jsonl'),
  };
}
