// Whether this host lets the agent make the packets that a tool needs, asked before anything is offered.
import { missingRight, ProbeSocket } from '../host/linux/probe-socket.ts';
import { ToolRefusal } from './tool-refusal.ts';

const names = { icmp: 'ICMP', udp: 'UDP', tcp: 'raw TCP packets' } as const;

/** Empty when nothing is missing, else "raw TCP packets the agent needs …". */
export function missesProbes(kind: keyof typeof names, target: Uint8Array): string {
  if (process.platform !== 'linux') return `${names[kind]} it takes Linux`;
  try {
    new ProbeSocket({ kind, target })[Symbol.dispose]();
    return '';
  } catch (error) {
    return `${names[kind]} ${missingRight(error)}`;
  }
}

/** `instead`: what does the same with less. Throws ToolRefusal. */
export function requireProbes(kind: keyof typeof names, target: Uint8Array, instead = ''): void {
  const missing = missesProbes(kind, target);
  if (missing !== '') throw new ToolRefusal('not-supported', `For ${missing}. ${instead}`.trim());
}
