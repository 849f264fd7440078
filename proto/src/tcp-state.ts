// Names for the kernel's TCP states (include/net/tcp_states.h, Linux 6.18); UDP sockets use 1 and 7 of the same numbers.

export const stateNames = [
  'established',
  'syn-sent',
  'syn-recv',
  'fin-wait-1',
  'fin-wait-2',
  'time-wait',
  'close',
  'close-wait',
  'last-ack',
  'listen',
  'closing',
  'unconnected',
] as const;

export type StateName = (typeof stateNames)[number];

/** The kernel counts from 1; its 12 is TCP_NEW_SYN_RECV. */
const byNumber: readonly (StateName | undefined)[] = [undefined, ...stateNames.slice(0, 11), 'syn-recv'];

/** The state's name for an IP protocol number and the kernel's number; undefined when the number means nothing. */
export function stateName(protocol: number, state: number): StateName | undefined {
  if (protocol === 17) return state === 1 ? 'established' : state === 7 ? 'unconnected' : undefined;
  return byNumber[state];
}

/** The kernel's numbers that bear this name for TCP (`syn-recv` has two); `unconnected` is UDP's 7. */
export function stateNumbers(name: StateName): number[] {
  if (name === 'unconnected') return [7];
  return byNumber.flatMap((entry, number) => (entry === name ? [number] : []));
}
