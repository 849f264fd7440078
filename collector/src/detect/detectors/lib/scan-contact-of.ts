// Which observations are first contacts, by whom, and in which of the tests of a port scan they count.
import type { ConnectionObservation, Observation, ScanObservation } from '../../observation.ts';
import { isToMany } from './address-kind.ts';
import { firstEphemeral, fanOutPorts, isPeerPort, isScannedDatagram, webPorts } from './ports.ts';
import type { Contact, ContactResult, ContactRules } from './scan-contacts.ts';
import type { SilentConnections } from './silent-connections.ts';

export interface ContactBy {
  /** Address of the sender. */
  source: string;
  /** It is the observing host. */
  isOutbound: boolean;
  contact: Contact;
}

const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp' };
/** Services that send from their own port to a client's: their answers look like probes where the question was not seen. */
const answeringPorts: ReadonlySet<number> = new Set([53, 67, 69, 123, 137, 161, 500, 1_900, 3_478, 4_500, 5_353]);
/** RFC 959: data from the server's port 20 to wherever the client said. */
const ftpData = 20;
export const ftpControl = 21;

/** @param silent is told of those on which nothing was said yet, and says when they are to be judged. */
export function contactBy(observation: Observation, silent: SilentConnections): ContactBy | undefined {
  if (observation.kind === 'connection') return ofConnection(observation, silent);
  return observation.kind === 'scan' && observation.scan !== 'half-open' ? ofScan(observation) : undefined;
}

function ofConnection(observation: ConnectionObservation, silent: SilentConnections): ContactBy | undefined {
  const { direction, remote, local, protocol, openedUs, name } = observation;
  const waits = silent.isWaiting(observation);
  if (!observation.first && !waits) return undefined;
  if (remote === undefined || (direction !== 'outbound' && direction !== 'inbound')) return undefined;
  // The span in which it ends shows nothing of how it began.
  const outcome = waits ? 'established' : observation.outcome;
  const word = protocols[protocol];
  if (word === undefined || outcome === 'unknown' || isToMany(remote.address)) return undefined;
  const isOutbound = direction === 'outbound';
  const [sender, target] = isOutbound ? [local, remote] : [remote, local];
  if (isToMany(target.address) || isAnswer(word, outcome, sender.port, target.port)) return undefined;
  const said = isOutbound ? observation.sentBytes : observation.receivedBytes;
  const result = resultOf(word, outcome, said);
  // What was said before anybody looked is not known: that little came since says nothing.
  if (result === 'empty' && (observation.openedBefore || !silent.isLeft(observation))) return undefined;
  if (waits) silent.spoke(observation);
  return {
    source: sender.address,
    isOutbound,
    contact: {
      target: target.address,
      service: word === 'icmp' ? 'icmp/echo' : serviceOf(word, target.port),
      port: target.port,
      atUs: openedUs,
      result,
      isNamed: name !== '',
      ports: 1,
      way:
        word === 'icmp' ? 'ping' : word === 'udp' ? 'UDP' : result === 'empty' ? 'opened and left' : 'SYN or connect',
    },
  };
}

/** "tcp/22". The same text each time, which a map then finds without hashing it. */
function serviceOf(word: string, port: number): string {
  const texts = (services[word] ??= []);
  return (texts[port] ??= `${word}/${port}`);
}

/** At most one for each port. */
const services: Record<string, string[]> = {};

function resultOf(word: string, outcome: ConnectionObservation['outcome'], said: number | undefined): ContactResult {
  if (outcome === 'attempted' || outcome === 'rejected') return 'failure';
  return word === 'tcp' && said === 0 ? 'empty' : 'success';
}

function isAnswer(
  word: string,
  outcome: ConnectionObservation['outcome'],
  senderPort: number,
  targetPort: number,
): boolean {
  if (word === 'tcp') return senderPort === ftpData && targetPort >= 1_024;
  if (word !== 'udp' || outcome === 'established') return false;
  // Without an answer there is no telling who began; a refusal says that somebody reached for a closed port.
  if (answeringPorts.has(senderPort) && targetPort >= 1_024) return true;
  return outcome === 'attempted' && targetPort >= firstEphemeral;
}

/** What a host let its sender talk with, but for what is there for everybody: web, mail, DNS, UDP. */
export function letInAt(observation: Observation): string | undefined {
  if (observation.kind !== 'connection' || observation.direction !== 'inbound') return undefined;
  const { protocol, local, sentBytes, receivedBytes } = observation;
  if (protocols[protocol] !== 'tcp' || !sentBytes || !receivedBytes) return undefined;
  const service = serviceOf('tcp', local.port);
  return isCommon(service) ? undefined : service;
}

function ofScan({
  source,
  host,
  localAddress,
  localPort,
  ports,
  scan,
  startUs,
  maybeEnd = false,
}: ScanObservation): ContactBy | undefined {
  const word = scan === 'udp' ? 'udp' : 'tcp';
  // A client's port that has just closed gets answers that come late.
  if (word === 'udp' && ports <= 1 && localPort >= firstEphemeral) return undefined;
  if (isToMany(localAddress)) return undefined;
  return {
    source,
    isOutbound: source === host,
    contact: {
      target: localAddress,
      service: serviceOf(word, localPort),
      port: localPort,
      atUs: startUs,
      result: 'failure',
      isNamed: false,
      ports: Math.max(1, ports),
      way: scan === 'syn' ? 'SYN or connect' : scan.toUpperCase(),
      isOfOneHost: maybeEnd,
    },
  };
}

/** @param knowsFtp whether the sender talks FTP with that target: it is told there which ports to go to. */
export function rulesOf(
  { service, port, result, isOfOneHost = false }: Contact,
  isOutbound: boolean,
  knowsFtp: boolean,
): ContactRules {
  const isTcp = service.startsWith('tcp/');
  const isUdp = service.startsWith('udp/');
  const isTold = knowsFtp && isTcp && port >= 1_024 && result !== 'success';
  const mayBePeer = (isTcp && isPeerPort(port)) || (isUdp && !isScannedDatagram(port));
  // At one host there is nothing to see of its other targets.
  const horizontal = isOutbound && !mayBePeer && !isTold && !isOfOneHost;
  return {
    vertical: (isTcp || isUdp) && !isTold,
    horizontal,
    spread: horizontal && isTcp && !isCommon(service) && port < firstEphemeral,
  };
}

/** Services whose honest clients go to many hosts. */
export function isCommon(service: string): boolean {
  const port = Number(service.slice(4));
  return service.startsWith('udp/') || webPorts.has(port) || fanOutPorts.has(port);
}

export const ftpControlService = `tcp/${ftpControl}`;
