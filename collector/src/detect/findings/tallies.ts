// How many findings there are, by host, severity and state: kept beside the table, so that badges and browsers need not ask it.
import type { FindingState, FindingSummary, SeverityCounts } from '@foretop/proto/api';
import type { FindingTally } from '../../store/queries/findings.ts';
import { severities } from '../finding.ts';

const stateNames = ['new', 'acknowledged', 'muted', 'resolved'] as const satisfies FindingState[];

export type Sight = ReadonlySet<number> | undefined;

export class Tallies {
  /** By group, then host: severity and state. */
  readonly #groups = new Map<string, Map<number, { severity: number; state: FindingState }>>();
  #revision = 1;

  /** Counts up with every change. */
  get revision(): number {
    return this.#revision;
  }

  replace(tallies: Iterable<FindingTally>): void {
    this.#groups.clear();
    for (const tally of tallies) this.#put(tally);
    this.#revision++;
  }

  set(tallies: readonly FindingTally[]): void {
    for (const tally of tallies) this.#put(tally);
    if (tallies.length > 0) this.#revision++;
  }

  /** Findings as the list has them: over their hosts in sight (undefined: all), the most severe, in the state looked at first. */
  states(inSight: Sight): FindingSummary['states'] {
    const states = { new: none(), acknowledged: none(), muted: none(), resolved: none() };
    for (const hosts of this.#groups.values()) {
      let severity = -1;
      let state: number = stateNames.length;
      for (const [hostId, entry] of hosts) {
        if (inSight?.has(hostId) === false) continue;
        severity = Math.max(severity, entry.severity);
        state = Math.min(state, stateNames.indexOf(entry.state));
      }
      const name = stateNames[state];
      if (name !== undefined) states[name][severities[severity]!]++;
    }
    return states;
  }

  /** Hosts with new ones. */
  newByHost(inSight: Sight): Map<number, SeverityCounts> {
    const byHost = new Map<number, SeverityCounts>();
    for (const hosts of this.#groups.values()) {
      for (const [hostId, { severity, state }] of hosts) {
        if (state !== 'new' || inSight?.has(hostId) === false) continue;
        let counts = byHost.get(hostId);
        if (counts === undefined) byHost.set(hostId, (counts = none()));
        counts[severities[severity]!]++;
      }
    }
    return byHost;
  }

  /** Findings on hosts, for /metrics. */
  onHosts(): { state: FindingState; severity: (typeof severities)[number]; findings: number }[] {
    const counts = { new: none(), acknowledged: none(), muted: none(), resolved: none() };
    for (const hosts of this.#groups.values())
      for (const { severity, state } of hosts.values()) counts[state][severities[severity]!]++;
    return stateNames.flatMap((state) =>
      severities.map((severity) => ({ state, severity, findings: counts[state][severity] })),
    );
  }

  #put({ groupKey, hostId, severity, state }: FindingTally): void {
    let hosts = this.#groups.get(groupKey);
    if (hosts === undefined) this.#groups.set(groupKey, (hosts = new Map()));
    hosts.set(hostId, { severity, state });
  }
}

const none = (): SeverityCounts => ({ low: 0, medium: 0, high: 0, critical: 0 });
