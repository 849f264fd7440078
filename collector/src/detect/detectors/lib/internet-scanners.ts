// Who scans one host from the Internet: the first few of a day are told each, the others together, since an exposed host is scanned all the time.
import type { FindingDraft } from '../../finding.ts';
import type { HostKey } from '../../observation.ts';
import type { Scan } from './scan-finding.ts';
import { countText } from './words.ts';

interface Scanner {
  lastUs: number;
  isAlone: boolean;
  /** "tcp/22"; empty = nowhere. */
  letInAt: string;
}

/** Scanners and ports of one host that are told apart. */
const mostScanners = 512;
const mostPorts = 64;
const shownAddresses = 20;
const shownPorts = 12;
const dayUs = 86_400e6;

export class InternetScanners {
  /** Those that probed in the last 24 hours, the latest last. */
  readonly #scanners = new Map<string, Scanner>();
  /** What is told together: of one day by UTC, the probes of each address and how many of them probed each port. */
  #day = 0;
  readonly #probes = new Map<string, number>();
  readonly #ports = new Map<string, number>();
  #startUs = 0;
  #endUs = 0;
  #hasMore = false;
  #isGrown = false;

  /**
   * @param toldAlone how many scanners of 24 hours have a finding of their own.
   * @returns whether this one has; if not, it is among those that are told together.
   */
  take(address: string, scan: Scan, toldAlone: number): boolean {
    const { endUs } = scan;
    for (const [known, { lastUs }] of this.#scanners) {
      if (endUs - lastUs < dayUs) break;
      this.#scanners.delete(known);
    }
    const known = this.#scanners.get(address);
    const isAlone = known?.isAlone ?? this.#scanners.size < toldAlone;
    this.#keep(address, { lastUs: Math.max(endUs, known?.lastUs ?? 0), isAlone, letInAt: known?.letInAt ?? '' });
    if (!isAlone) this.#join(address, scan);
    return isAlone;
  }

  /** It has a finding of its own from now on. */
  letIn(address: string, letInAt: string, atUs: number): void {
    this.#keep(address, { lastUs: atUs, isAlone: true, letInAt });
    this.#probes.delete(address);
  }

  letInAt(address: string): string {
    return this.#scanners.get(address)?.letInAt ?? '';
  }

  /** undefined: nothing new. */
  draft(host: HostKey): FindingDraft | undefined {
    const count = this.#probes.size;
    if (!this.#isGrown || count === 0) return undefined;
    this.#isGrown = false;
    const busiest = ranked(this.#probes, shownAddresses);
    const [address = '', probes = 0] = busiest[0] ?? [];
    const most = `${this.#hasMore ? 'more than ' : ''}${countText(count, 'address', 'addresses')}`;
    return {
      host,
      key: ['the Internet', new Date(this.#day * 86_400_000).toISOString().slice(0, 10)],
      severity: 'low',
      score: count / (count + 10),
      summary: `Scanned from the Internet by ${most} that nothing but public services answered; most by ${address} (${countText(probes, 'probe')})`,
      peer: '',
      process: '',
      startUs: this.#startUs,
      endUs: this.#endUs,
      count,
      evidence: [
        { label: 'Addresses', value: count, unit: 'count' },
        {
          label: 'Probes of these',
          value: [...this.#probes.values()].reduce((all, one) => all + one, 0),
          unit: 'count',
        },
        { label: 'Most by', value: busiest.slice(0, shownPorts).map(withCount).join(', ') },
        { label: 'Ports, by addresses', value: ranked(this.#ports, shownPorts).map(withCount).join(', ') },
      ],
      links: { addresses: busiest.map(([one]) => one) },
    };
  }

  save(): unknown {
    return {
      scanners: [...this.#scanners].map(([address, { lastUs, isAlone, letInAt }]) => [
        address,
        lastUs,
        isAlone,
        letInAt,
      ]),
      ...{ day: this.#day, probes: [...this.#probes], ports: [...this.#ports] },
      ...{ startUs: this.#startUs, endUs: this.#endUs, hasMore: this.#hasMore },
    };
  }

  /** Anything that save did not write is ignored. */
  static restore(state: unknown): InternetScanners {
    const made = new InternetScanners();
    const { scanners, day, probes, ports, startUs, endUs, hasMore } = (state ?? {}) as Record<string, unknown>;
    for (const [address, lastUs, isAlone, letInAt] of rowsOf(scanners, mostScanners)) {
      if (typeof address !== 'string' || !isTime(lastUs) || typeof isAlone !== 'boolean') continue;
      made.#scanners.set(address, { lastUs, isAlone, letInAt: typeof letInAt === 'string' ? letInAt : '' });
    }
    if (!isTime(day) || !isTime(startUs) || !isTime(endUs)) return made;
    made.#day = Math.floor(day);
    made.#startUs = startUs;
    made.#endUs = endUs;
    made.#hasMore = hasMore === true;
    for (const [address, count] of rowsOf(probes, mostScanners))
      if (typeof address === 'string' && isTime(count)) made.#probes.set(address, count);
    for (const [port, count] of rowsOf(ports, mostPorts))
      if (typeof port === 'string' && isTime(count)) made.#ports.set(port, count);
    return made;
  }

  #keep(address: string, scanner: Scanner): void {
    this.#scanners.delete(address);
    this.#scanners.set(address, scanner);
    if (this.#scanners.size <= mostScanners) return;
    for (const first of this.#scanners.keys()) {
      this.#scanners.delete(first);
      break;
    }
  }

  #join(address: string, { startUs, endUs, probes, services }: Scan): void {
    const day = Math.floor(endUs / dayUs);
    if (day > this.#day) this.#begin(day);
    this.#isGrown = true;
    this.#startUs = Math.max(this.#day * dayUs, Math.min(this.#startUs, startUs));
    this.#endUs = Math.max(this.#endUs, endUs);
    const known = this.#probes.get(address);
    if (known === undefined && this.#probes.size >= mostScanners) {
      this.#hasMore = true;
      return;
    }
    this.#probes.set(address, Math.max(known ?? 0, probes));
    if (known !== undefined) return;
    for (const service of services.slice(0, shownPorts)) {
      // Many ports that the agent told as one.
      const port = service.replace(/\/0$/, '/*');
      if (this.#ports.has(port) || this.#ports.size < mostPorts)
        this.#ports.set(port, (this.#ports.get(port) ?? 0) + 1);
    }
  }

  #begin(day: number): void {
    this.#day = day;
    this.#probes.clear();
    this.#ports.clear();
    this.#startUs = Infinity;
    this.#endUs = day * dayUs;
    this.#hasMore = false;
  }
}

const ranked = (counts: ReadonlyMap<string, number>, most: number) =>
  [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, most);
const withCount = ([what, count]: [string, number]) => `${what} (${count.toLocaleString('en')})`;
const isTime = (value: unknown): value is number => Number.isFinite(value) && Number(value) >= 0;
const rowsOf = (rows: unknown, most: number): unknown[][] =>
  Array.isArray(rows) ? rows.slice(0, most).filter((row) => Array.isArray(row)) : [];
