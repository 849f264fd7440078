// Every detector there is, in the order in which people read them.
import type { Detector } from './detector.ts';
import { agentSilent } from './detectors/agent-silent.ts';
import { beacon } from './detectors/beacon.ts';
import { clockSkew } from './detectors/clock-skew.ts';
import { exfiltration } from './detectors/exfiltration.ts';
import { highCpu } from './detectors/high-cpu.ts';
import { knownBad } from './detectors/known-bad.ts';
import { newListener } from './detectors/new-listener.ts';
import { newNetworkProcess } from './detectors/new-network-process.ts';
import { temporaryPath } from './detectors/temporary-path.ts';
import { unusualDestination } from './detectors/unusual-destination.ts';
import { portScan } from './detectors/port-scan.ts';
import { bruteForce } from './detectors/brute-force.ts';
import { flood } from './detectors/flood.ts';
import { largePacket } from './detectors/large-packet.ts';
import { icmpTunnel } from './detectors/icmp-tunnel.ts';
import { longConnection } from './detectors/long-connection.ts';
import { connectionStorm } from './detectors/connection-storm.ts';
import { arpSpoof } from './detectors/arp-spoof.ts';
import { dnsTunnel } from './detectors/dns-tunnel.ts';
import { dga } from './detectors/dga.ts';
import { nxdomainBurst } from './detectors/nxdomain-burst.ts';
import { cardholderData } from './detectors/cardholder-data.ts';

export const detectors: readonly Detector[] = [
  beacon,
  exfiltration,
  unusualDestination,
  newListener,
  newNetworkProcess,
  temporaryPath,
  highCpu,
  knownBad,
  clockSkew,
  agentSilent,
  portScan,
  bruteForce,
  flood,
  largePacket,
  icmpTunnel,
  longConnection,
  connectionStorm,
  arpSpoof,
  dnsTunnel,
  dga,
  nxdomainBurst,
  cardholderData,
];
