// Ports where something listens or is bound, from /proc/net: for sockets that are older than the kernel's programs.
import { readFileSync } from 'node:fs';

const LISTEN = '0A'; // include/net/tcp_states.h, in hexadecimal

/** Visits each port, some more than once. Of TCP only listeners. */
export function eachBoundPort(protocol: 'tcp' | 'udp', visit: (port: number) => void): void {
  for (const path of [`/proc/net/${protocol}`, `/proc/net/${protocol}6`]) {
    let text: string;
    try {
      text = readFileSync(path, 'latin1');
    } catch {
      continue;
    }
    for (const [, port, state] of text.matchAll(
      /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2})/gm,
    ))
      if (protocol === 'udp' || state === LISTEN) visit(Number.parseInt(port!, 16));
  }
}
