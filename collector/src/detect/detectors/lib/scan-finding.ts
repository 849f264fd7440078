// Which of a sender's tests say "scanner", and what there is to tell about it.
import type { Evidence, Severity } from '../../finding.ts';
import { isPrivate } from './address-kind.ts';
import { isCommon } from './scan-contact-of.ts';
import type { Group, ScanContacts } from './scan-contacts.ts';
import { countText, secondsText } from './words.ts';

export interface ScanThresholds {
  evidence: number;
  commonHosts: number;
  pingedHosts: number;
}

export interface Scan {
  /** "probed 1,000 ports of 192.0.2.1 in 12 s" */
  words: string;
  /** The one most probed, or the first of many. */
  target: string;
  addresses: string[];
  /** "tcp/22" */
  services: string[];
  startUs: number;
  endUs: number;
  probes: number;
  score: number;
  severityOf(source: string, isOutbound: boolean): Severity;
  evidence(threshold: number): Evidence[];
}

const mostAddresses = 20;
const mostPorts = 12;
/** What a person would not do by hand; an inventory asks that many hosts for one common service. */
const many = { probes: 100, hosts: 25 } as const;
/** Probes of several services count together when so many targets come on one service. */
const targetsAService = 4;

/** Open ports of many hosts, each once: whether they are looked at again shows only after a while. */
export function mayScanOpenPorts({ services }: ScanContacts, { commonHosts }: ScanThresholds): boolean {
  return [...services.values()].some((group) => isOpenPortScan(group, commonHosts));
}

function isOpenPortScan({ empty, members, again, succeeded }: Group, commonHosts: number): boolean {
  const hosts = empty.size + members.size;
  return empty.size > 0 && hosts >= commonHosts && again * 4 < hosts && succeeded * 4 < hosts;
}

/**
 * @param isQuiet the sender had time to look at the same ports again, as monitors do.
 * @returns undefined while no test is decided.
 */
export function scanIn(contacts: ScanContacts, thresholds: ScanThresholds, isQuiet: boolean): Scan | undefined {
  const vertical = [...contacts.targets].filter(([, { highest }]) => highest >= thresholds.evidence);
  const horizontal = [...contacts.services].filter(
    ([service, group]) =>
      (group.highest >= thresholds.evidence && group.members.size >= hostsFor(service, thresholds)) ||
      (isQuiet && isOpenPortScan(group, thresholds.commonHosts)),
  );
  const isSpread = spreadIs(contacts, thresholds);
  if (vertical.length === 0 && horizontal.length === 0 && !isSpread) return undefined;
  const groups = [...vertical, ...horizontal].map(([, group]) => group).concat(isSpread ? [contacts.spread] : []);
  const targets = targetsOf(vertical, groups.slice(vertical.length));
  const services = servicesOf(contacts, vertical, horizontal, isSpread);
  const startUs = Math.min(...groups.map(({ firstUs }) => firstUs));
  const endUs = Math.max(...groups.map(({ lastUs }) => lastUs), startUs);
  const probes = Math.max(sum(vertical), sum(horizontal), isSpread ? contacts.spread.failed : 0);
  const seconds = (endUs - startUs) / 1e6;
  const [target = ''] = targets;
  return {
    words: `${wordsOf(vertical, targets, services, probes)} in ${secondsText(seconds)}`,
    target,
    addresses: targets.slice(0, mostAddresses),
    services,
    startUs,
    endUs,
    probes,
    score: probes / (probes + 10),
    severityOf: (source, isOutbound) =>
      severityOf(
        source,
        isOutbound,
        probes >= many.probes || (targets.length >= many.hosts && !services.every(isCommon)),
      ),
    evidence: (threshold) => [
      { label: 'Ports probed, by host', value: probes, unit: 'count' },
      { label: 'Hosts', value: targets.length, unit: 'count' },
      { label: 'Ports', value: services.slice(0, mostPorts).join(', ') + (services.length > mostPorts ? ' …' : '') },
      { label: 'Ways', value: [...contacts.ways].join(', ') },
      {
        label: 'Contacts that succeeded',
        value: groups.reduce((all, { succeeded }) => all + succeeded, 0),
        unit: 'count',
      },
      {
        label: 'Evidence for a scanner',
        value: round(Math.max(...groups.map(({ highest }) => highest))),
        against: threshold,
      },
      { label: 'Lasted', value: round(seconds), unit: 'seconds' },
    ],
  };
}

function hostsFor(service: string, { commonHosts, pingedHosts }: ScanThresholds): number {
  if (service.startsWith('icmp/')) return pingedHosts;
  return isCommon(service) ? commonHosts : 0;
}

function spreadIs({ spread, services }: ScanContacts, { evidence, commonHosts }: ScanThresholds): boolean {
  if (spread.highest < evidence || spread.members.size < commonHosts) return false;
  const failing = [...services].filter(
    ([service, { failed }]) => failed > 0 && service.startsWith('tcp/') && !isCommon(service),
  );
  return failing.length * targetsAService <= spread.members.size;
}

type Named = readonly (readonly [string, Group])[];

const sum = (groups: Named) => groups.reduce((all, [, { failed, empty }]) => all + failed + empty.size, 0);

/** The most probed first. */
function targetsOf(vertical: Named, others: readonly Group[]): string[] {
  const first = vertical.toSorted((a, b) => b[1].failed - a[1].failed).map(([target]) => target);
  return [...new Set([...first, ...others.flatMap(({ members, empty }) => [...members, ...empty])])];
}

function servicesOf({ services }: ScanContacts, vertical: Named, horizontal: Named, isSpread: boolean): string[] {
  const spread = isSpread ? [...services].filter(([, { failed }]) => failed > 0).map(([service]) => service) : [];
  return [
    ...new Set([
      ...vertical.flatMap(([, { members }]) => [...members]),
      ...horizontal.map(([service]) => service),
      ...spread,
    ]),
  ];
}

function wordsOf(vertical: Named, targets: readonly string[], services: readonly string[], probes: number): string {
  const hosts = countText(targets.length, 'host');
  if (vertical.length === 1 && targets.length === 1) return `probed ${countText(probes, 'port')} of ${targets[0]}`;
  if (vertical.length > 0) return `made ${countText(probes, 'probe')} of ports of ${hosts}`;
  if (services.length === 1)
    return services[0] === 'icmp/echo' ? `pinged ${hosts}` : `probed ${services[0]} on ${hosts}`;
  return `probed ${countText(services.length, 'port')} on ${hosts}`;
}

export const isFromInternet = ({ address, isOutbound }: { address: string; isOutbound: boolean }): boolean =>
  !isOutbound && !isPrivate(address);

function severityOf(source: string, isOutbound: boolean, isMany: boolean): Severity {
  // The Internet scans everybody all the time.
  if (isFromInternet({ address: source, isOutbound })) return isMany ? 'medium' : 'low';
  return isMany ? 'high' : 'medium';
}

const round = (value: number) => Math.round(value * 10) / 10;
