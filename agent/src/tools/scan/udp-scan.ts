// Ports by datagrams: an answer is open, ICMP's "port unreachable" closed, silence either open or filtered.
import { ProbeSocket } from '../../host/linux/probe-socket.ts';
import { toolLimits } from '@foretop/proto/tools';
import { fly } from '../flight.ts';
import { meaningOf } from '../icmp.ts';
import type { ToolContext } from '../tool.ts';
import type { PortsTold } from './ports-told.ts';

const timeoutMs = 1_500;
const mostUnderWay = 500;
/** Linux sends one host one such error a second (net.ipv4.icmp_ratelimit), after a few at once. */
const slowPerSecond = 0.95;
const mostATurn = 512;

type State = 'open' | 'closed' | 'filtered';

export async function scanByUdp(
  { addresses, signal }: ToolContext<'scan'>,
  { ports, perSecond, told }: { ports: readonly number[]; perSecond: number; told: PortsTold },
): Promise<void> {
  const target = addresses[0]!;
  using socket = new ProbeSocket({ kind: 'udp', target });
  let closed = 0;

  async function pass(asked: readonly number[], rate: number): Promise<number[]> {
    const silent: number[] = [];
    await fly<number, State>({
      probes: asked,
      keyOf: (port) => port,
      send: (port) => socket.send(payloadFor(port), { port }),
      collect: () => heardBy(socket, target),
      nowUs: () => socket.nowUs(),
      onAnswer(port, state, rttUs) {
        closed += state === 'closed' ? 1 : 0;
        told.told(port, { state, ...(state !== 'filtered' && { rttUs }) });
      },
      onSilence: (port) => silent.push(port),
      onUnsent: (port) => silent.push(port),
      ...{ perSecond: rate, timeoutMs, mostUnderWay, signal },
    });
    return silent;
  }

  let silent = await pass(await pass(ports, perSecond), perSecond);
  // A host that tells of closed ports, and not of all: it may only be slow to tell.
  if (closed > 0 && silent.length > 0) {
    const slow = silent.slice(0, toolLimits.udpSlowPorts);
    silent = [...(await pass(slow, slowPerSecond)), ...silent.slice(slow.length)];
  }
  for (const port of silent) told.told(port, { state: 'open|filtered' });
}

function heardBy(socket: ProbeSocket, target: Uint8Array): { key: number; atUs: number; answer: State }[] {
  const found: { key: number; atUs: number; answer: State }[] = [];
  const version = target.length === 4 ? 4 : 6;
  for (let left = mostATurn; left > 0; left--) {
    const heard = socket.receive();
    if (!heard) break;
    const isTarget = Buffer.compare(heard.peer.address, target) === 0;
    if (isTarget) found.push({ key: heard.peer.port, atUs: heard.atUs, answer: 'open' });
  }
  for (let left = mostATurn; left > 0; left--) {
    const error = socket.receiveError();
    if (!error) break;
    const isTarget = error.offender !== undefined && Buffer.compare(error.offender, target) === 0;
    const answer = isTarget && meaningOf(version, error) === 'port-closed' ? 'closed' : 'filtered';
    found.push({ key: error.peer.port, atUs: error.atUs, answer });
  }
  return found;
}

/** What services that do not answer nonsense answer: DNS asks for the root's name servers, NTP for the time (RFC 5905). */
function payloadFor(port: number): Uint8Array {
  if (port === 53) return Uint8Array.of(0x46, 0x54, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1);
  if (port === 123) return Uint8Array.from({ length: 48 }, (_, at) => (at === 0 ? 0x23 : 0));
  return new Uint8Array();
}
