// How much a rhythm looks like a program calling home: its regularity, sizes and persistence, weighed down by what innocent things are like.
import type { Knowledge } from '../../detector.ts';
import type { Severity } from '../../finding.ts';
import type { ObservedProcess } from '../../observation.ts';
import { median, medianAbsoluteDeviation } from '../../statistics/robust.ts';
import { addressKind } from '../lib/address-kind.ts';
import { firstEphemeral } from '../lib/ports.ts';
import { isBrowser, isInstalled, isInterpreter } from '../lib/executable.ts';
import {
  destinationPrevalence,
  insidePorts,
  isMakersNetwork,
  knownService,
  polledProtocol,
} from '../lib/known-services.ts';
import { sessionGap, type BeatSeries } from './beat-series.ts';
import { findRhythms, type Grain, type Rhythm } from './rhythm.ts';

/** Parts of the score; they sum up to 1. */
const parts = { regularity: 0.55, sizes: 0.2, steadiness: 0.25 };
/** Of a connection that stays open it is only known in which span of 300 s it sent, and between two of them lies a silent one. */
const spans: Grain = { step: 300, least: 600 };
/** So many hours of a steady beat count in full, a quarter of them half. */
const hoursForFull = 6;
/** Prevalence says nothing in a fleet smaller than this, nor a destination of so few hosts. */
const smallestFleet = 5;
const rareHosts = 2;
/** Squid, Privoxy, SOCKS, Tor and the usual alternatives to 80. */
const proxyPorts = new Set([1080, 3128, 8080, 8118, 8888, 9050]);
/** A program that calls so many more at one rhythm polls them, or is one of many equals. */
const manyAlike = 4;
/** Beats that carry a medium finding. Fewer do over a day, where more is known of it than an address. */
const beatsForMedium = 30;
const dayLong = 20 * 3600;
/** Beats that carry a high finding. */
const beatsForHigh = 40;

export interface Destination {
  /** Name, or the address where none is known. */
  text: string;
  address: string;
  name: string;
  /** The name came out of a TLS hello, which its sender writes as it likes. */
  claimed: boolean;
  port: number;
  protocol: number;
  /** Bursts in one long connection, not connections. */
  stream: boolean;
}

export interface Weight {
  factor: number;
  why: string;
}

export interface Judgement {
  score: number;
  severity: Severity;
  rhythm: Rhythm;
  /** A slower beat of the same destination, beside the first. */
  second: Rhythm | undefined;
  /** 0 … 1, undefined where the sizes are not known. */
  sizes: number | undefined;
  steadiness: number;
  hours: number;
  weights: readonly Weight[];
}

export interface JudgeThresholds {
  'least-beats': number;
  'least-seconds': number;
  'least-significance': number;
  'least-score': number;
  'medium-score': number;
  'high-score': number;
  'medium-seconds': number;
  'high-seconds': number;
}

/** What else the host calls. */
interface Others {
  /** Other destinations on the same port at about this period. */
  alike: (period: number) => number;
  /** Whether the port mapper of the same address is asked, too: it gives out ports to services of the inside. */
  hasPortMapper: () => boolean;
}

/** Undefined where nothing beats. */
export function judge(
  series: BeatSeries,
  destination: Destination,
  process: ObservedProcess | undefined,
  knowledge: Knowledge,
  thresholds: JudgeThresholds,
  others: Others,
): Judgement | undefined {
  const span = series.last - series.first;
  if (span < thresholds['least-seconds']) return undefined;
  const isClear = ({ significance, beats }: Rhythm) =>
    significance >= thresholds['least-significance'] && beats >= thresholds['least-beats'];
  const grain = destination.stream ? spans : undefined;
  const rhythms = [...findRhythms(series.starts, 0, grain), ...findRhythms(series.sessions, sessionGap, grain)]
    .filter(isClear)
    .toSorted((a, b) => b.regularity - a.regularity);
  const [rhythm] = rhythms;
  if (rhythm === undefined) return undefined;
  const second = rhythms.find(({ period }) => ratio(period, rhythm.period) > 3);

  const hours = series.hourCounts();
  const steadiness = steadinessOf(hours, rhythm.period);
  const sizes = sizeRegularity(series.knownSizes());
  const persistence = Math.sqrt(Math.min(1, activeHours(hours) / hoursForFull));
  const raw =
    parts.regularity * rhythm.regularity +
    parts.sizes * (sizes ?? rhythm.regularity) +
    parts.steadiness * steadiness * persistence;
  const weights = weigh(series, destination, process, knowledge, others);
  const equals = others.alike(rhythm.period);
  if (equals >= manyAlike)
    weights.push({ factor: 0.6, why: `${equals} other destinations are called at the same rhythm` });
  const score = weights.reduce((product, { factor }) => product * factor, raw);
  if (score < thresholds['least-score']) return undefined;
  const isNamed = process !== undefined || destination.name !== '';
  const severity = severityOf(score, span, series, destination, isNamed, thresholds);
  return { score, severity, rhythm, second, sizes, steadiness, hours: activeHours(hours), weights };
}

/** All attempts failed, fast and for ever: a program whose master is gone. */
function isLostMaster(series: BeatSeries, destination: Destination): boolean {
  const odd = destination.port >= 1024 && ![3128, 8000, 8080, 8443].includes(destination.port);
  return (
    series.total >= 100 &&
    series.failed >= 0.95 * series.total &&
    odd &&
    addressKind(destination.address) === 'external'
  );
}

function severityOf(
  score: number,
  span: number,
  series: BeatSeries,
  destination: Destination,
  isNamed: boolean,
  thresholds: JudgeThresholds,
): Severity {
  const external = isOutside(destination);
  const { total } = series;
  const isHigh = score >= thresholds['high-score'] && span >= thresholds['high-seconds'] && total >= beatsForHigh;
  if (isHigh && external && !destination.stream) return 'high';
  // Inside, programs poll each other all day: it takes longer.
  const least = thresholds[external ? 'medium-seconds' : 'high-seconds'];
  const lasted = span >= least && (total >= beatsForMedium || (span >= dayLong && isNamed));
  return score >= thresholds['medium-score'] && (lasted || isLostMaster(series, destination)) ? 'medium' : 'low';
}

/** A named place behind a proxy is where the proxy goes. */
function isOutside({ address, name, port }: Destination): boolean {
  return addressKind(address) === 'external' || (name.includes('.') && proxyPorts.has(port));
}

function weigh(
  series: BeatSeries,
  destination: Destination,
  process: ObservedProcess | undefined,
  knowledge: Knowledge,
  { hasPortMapper }: Others,
): Weight[] {
  const weights: Weight[] = [];
  const add = (factor: number, why: string) => weights.push({ factor, why });
  const { name, address } = destination;
  const service = knownService(name);
  if (service !== undefined) add(destination.claimed ? 0.6 : 0.4, `its name is one of ${service}`);
  else if (name === '' && isMakersNetwork(knowledge.place(address).organisation)) {
    add(0.72, `no name is known, and the network belongs to ${knowledge.place(address).organisation!}`);
  }
  if (!isOutside(destination)) add(0.85, 'it is inside');
  const polled = polledProtocol(destination.protocol, destination.port);
  if (polled !== undefined) add(0.6, `${polled} is polled or kept alive`);
  else if (!isOutside(destination) && insidePorts.has(destination.port))
    add(0.65, 'a service of the inside, by its port');
  else if (!isOutside(destination) && destination.port >= firstEphemeral && hasPortMapper())
    add(0.65, 'a service of the inside, whose port its port mapper gives out');
  if (series.samePort >= 0.8 * (series.total - 1))
    add(0.6, 'its datagrams come from one port, as of one association kept alive');
  if (destination.stream) add(0.6, 'one connection that stays open, as keepalives do');
  const { hosts, fleet } = destinationPrevalence(knowledge, name || address);
  if (fleet >= smallestFleet && hosts > rareHosts) {
    add(1 - Math.min(0.6, (1.5 * hosts) / fleet), `${hosts} of ${fleet} hosts go there`);
  }
  if (process !== undefined) {
    if (isBrowser(process)) add(0.5, 'a browser, in which open pages poll');
    else if (process.container !== '' && name !== '') add(0.75, 'a container, which polls what it is made for');
    else if (isInstalled(process) && !isInterpreter(process)) add(0.85, 'an installed program');
  }
  return weights;
}

/** Share of the sizes that lie within a tenth of their median; undefined where fewer than four are known or all are zero. */
export function sizeRegularity(sizes: readonly number[]): number | undefined {
  if (sizes.length < 4) return undefined;
  const centre = median(sizes);
  if (centre === 0) return undefined;
  const near = sizes.filter((size) => Math.abs(size - centre) <= 0.1 * centre).length / sizes.length;
  const scatter = medianAbsoluteDeviation(sizes, centre) / centre;
  return Math.max(near, 1 - Math.min(1, 2 * scatter));
}

/**
 * Share of the hours, from the first to the newest, in which the beat was kept: as many starts as the median of the hours that had any, within a
 * third and chance. The first and the newest hour are cut and don't count. For periods over half an hour: hours with a beat of those that were due one.
 */
export function steadinessOf(hours: readonly number[], period: number): number {
  if (period > 1800) {
    const due = Math.max(1, (hours.length * 3600) / period);
    return Math.min(1, activeHours(hours) / due);
  }
  const whole = hours.slice(1, -1);
  if (whole.length < 2) return activeHours(hours) / Math.max(1, hours.length);
  const centre = median(whole.filter((count) => count > 0));
  const within = Math.max(centre / 3, 2 * Math.sqrt(centre));
  return whole.filter((count) => count > 0 && Math.abs(count - centre) <= within).length / whole.length;
}

function activeHours(hours: readonly number[]): number {
  return hours.filter((count) => count > 0).length;
}

function ratio(a: number, b: number): number {
  return Math.max(a, b) / Math.min(a, b);
}
