// TCP states by the words of the tools that print them, as the numbers of the Linux kernel (include/net/tcp_states.h).

export const TCP_ESTABLISHED = 1;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_LISTEN = 10;
export const UDP_CONNECTED = 1;
export const UDP_UNCONNECTED = 7;

// netstat of Linux, BSD and Windows, ss, nettop and lsof; without the signs that they write between the words.
const byWord = new Map<string, number>([
  ['ESTABLISHED', TCP_ESTABLISHED],
  ['ESTAB', TCP_ESTABLISHED],
  ['SYNSENT', 2],
  ['SYNRECV', 3],
  ['SYNRCVD', 3],
  ['SYNRECEIVED', 3],
  ['FINWAIT1', 4],
  ['FINWAIT2', 5],
  ['TIMEWAIT', TCP_TIME_WAIT],
  ['CLOSED', TCP_CLOSE],
  ['CLOSE', TCP_CLOSE],
  ['IDLE', TCP_CLOSE],
  ['BOUND', TCP_CLOSE],
  ['CLOSEWAIT', 8],
  ['LASTACK', 9],
  ['LISTEN', TCP_LISTEN],
  ['LISTENING', TCP_LISTEN],
  ['CLOSING', 11],
]);

/** 0 for a word that is not known, such as a translated one. */
export function tcpState(word: string): number {
  return byWord.get(word.toUpperCase().replace(/[^A-Z0-9]/g, '')) ?? 0;
}

export function udpState(hasPeer: boolean): number {
  return hasPeer ? UDP_CONNECTED : UDP_UNCONNECTED;
}
