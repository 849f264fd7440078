// Whether a suppression rule covers a finding: the one place that decides it, for what comes and for what is stored.
import { BlockList, isIP, isIPv4 } from 'node:net';
import type { SuppressionRow } from '../../store/queries/suppressions.ts';

/** What of a finding rules look at. */
export interface Suppressible {
  hostId: number;
  detector: string;
  severity: number;
  peer: string;
  process: string;
  executable: string;
}

export type RuleConditions = Pick<
  SuppressionRow,
  'detector' | 'hostIds' | 'labels' | 'process' | 'peer' | 'mostSevere' | 'expiresAt'
>;

export type Covers = (finding: Suppressible, labels: readonly string[], nowMs: number) => boolean;

/** All conditions that are set must hold. */
export function compileRule(rule: RuleConditions): Covers {
  const hostIds = new Set(rule.hostIds);
  const process = rule.process === null ? undefined : processMatcher(rule.process);
  const peer = rule.peer === null ? undefined : peerMatcher(rule.peer);
  const expiresMs = rule.expiresAt?.getTime() ?? Infinity;
  return (finding, labels, nowMs) =>
    nowMs < expiresMs &&
    finding.severity <= rule.mostSevere &&
    (rule.detector === null || finding.detector === rule.detector) &&
    (hostIds.size === 0 || hostIds.has(finding.hostId)) &&
    (rule.labels.length === 0 || rule.labels.some((label) => labels.includes(label))) &&
    (process?.(finding) ?? true) &&
    (peer?.(finding.peer) ?? true);
}

/** `*` stands for anything; a pattern without a slash is held against the last part of a path, too. */
function processMatcher(pattern: string): (finding: Suppressible) => boolean {
  const parts = pattern.split('*');
  const matches = (text: string) => text !== '' && fits(parts, text);
  const last = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  return ({ process, executable }) => {
    if (matches(process) || matches(executable)) return true;
    return !pattern.includes('/') && (matches(last(process)) || matches(last(executable)));
  };
}

/** Whether the parts stand in the text in this order, the first at its start and the last at its end; never looks back. */
function fits(parts: readonly string[], text: string): boolean {
  const first = parts[0]!;
  if (parts.length === 1) return text === first;
  const last = parts.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

function peerMatcher(pattern: string): (peer: string) => boolean {
  const [address = '', prefix] = pattern.split('/');
  if (isIP(address) === 0) {
    const suffix = pattern.toLowerCase().replace(/^\*?\./, '');
    return (peer) => {
      const name = peer.toLowerCase();
      return name === suffix || name.endsWith(`.${suffix}`);
    };
  }
  const network = new BlockList();
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  network.addSubnet(address, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family);
  return (peer) => isIP(peer) !== 0 && network.check(peer, isIPv4(peer) ? 'ipv4' : 'ipv6');
}
