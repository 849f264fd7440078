// What a scan says of its ports: each of a few, and of many only those that may be open; figures and progress of all.
import { type PortEvent, toolLimits } from '@foretop/proto/tools';
import type { ToolContext, ToolEnding } from '../tool.ts';
import { serviceOf } from './services.ts';

const progressMs = 1_000;

export type Verdict = Pick<PortEvent, 'state' | 'rttUs' | 'banner'>;

export class PortsTold {
  readonly #say: ToolContext<'scan'>['say'];
  readonly #protocol: 'tcp' | 'udp';
  readonly #of: number;
  readonly #counts = { open: 0, closed: 0, filtered: 0, 'open|filtered': 0 };
  #toldMs = performance.now();

  constructor({ say }: Pick<ToolContext<'scan'>, 'say'>, protocol: 'tcp' | 'udp', of: number) {
    this.#say = say;
    this.#protocol = protocol;
    this.#of = of;
  }

  told(port: number, verdict: Verdict): void {
    this.#counts[verdict.state] += 1;
    const service = serviceOf(port, this.#protocol);
    if (this.#of <= toolLimits.portsTold || verdict.state === 'open')
      this.#say({ kind: 'port', port, service, ...verdict });
    if (performance.now() - this.#toldMs < progressMs) return;
    this.#toldMs = performance.now();
    const done = Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
    this.#say({ kind: 'progress', done, of: this.#of, text: `${done} of ${this.#of} ports` });
  }

  ending(): ToolEnding {
    const { open, closed, filtered, 'open|filtered': openOrFiltered } = this.#counts;
    const unclear = openOrFiltered > 0 ? `, ${openOrFiltered} open or filtered` : '';
    return {
      detail: `${open} open, ${closed} closed, ${filtered} filtered${unclear}`,
      summary: { ports: this.#of, open, closed, filtered, openOrFiltered },
    };
  }
}
