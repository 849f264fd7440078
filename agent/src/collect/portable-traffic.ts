// From what flows carried so far to what processes carried since the poll before.
import type { FlowRow } from '../host/portable/readings.ts';
import type { Counted } from './portable-connections.ts';

export class PortableTraffic {
  #previous: Map<string, FlowRow> | undefined;

  /** Nothing for the first poll: what had passed before is not this agent's to count. */
  *look(flows: readonly FlowRow[]): Iterable<Counted> {
    const previous = this.#previous;
    this.#previous = new Map(flows.map((flow) => [`${flow.pid} ${flow.flow}`, flow]));
    if (!previous) return;
    for (const [key, { pid, rxBytes, txBytes }] of this.#previous) {
      const before = previous.get(key);
      // A count that fell began again with another socket of the same ends.
      const again = before !== undefined && (rxBytes < before.rxBytes || txBytes < before.txBytes);
      const base = again ? undefined : before;
      yield { pid, rxBytes: rxBytes - (base?.rxBytes ?? 0), txBytes: txBytes - (base?.txBytes ?? 0) };
    }
  }
}
