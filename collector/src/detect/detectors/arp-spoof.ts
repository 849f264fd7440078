// ARP spoofing: a machine that says, without having been asked, that another's address is its own.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { HostKey, Observation, PacketsObservation } from '../observation.ts';
import { RecentMap } from './lib/recent-map.ts';
import { countText } from './lib/words.ts';

const thresholds = {
  claims: {
    default: 1,
    unit: 'count',
    range: [1, 1_000],
    meaning: "Unasked replies in which a machine that has an address of its own claims another's.",
    source: 'RFC 826: replies answer requests. One is enough to change the table of whoever gets it.',
  },
  changes: {
    default: 3,
    unit: 'count',
    range: [2, 1_000],
    meaning: 'How often an address changes between two machines within the window.',
    source:
      'RFC 5227, 2.4: a host defends its address once in 10 s, so two that do both take turns; a takeover changes once.',
  },
  windowSeconds: {
    default: 300,
    unit: 'seconds',
    range: [10, 86_400],
    meaning: 'How long a claim is held against another.',
    source: 'Tools that poison repeat themselves every 1 to 10 s; tables forget after 1 to 20 min.',
  },
} as const;
type Names = keyof typeof thresholds;

/** Addresses that several machines are meant to share: VRRP (RFC 5798), HSRP and GLBP, CARP. */
const sharedHardware = /^(00:00:5e:00:0[12]|00:00:0c:07:ac|00:00:0c:9f:f|00:07:b4)/;
const mostAddresses = 65_536;
const mostClaims = 16;

interface Machine {
  /** Addresses that it spoke as without pressing them on anybody. */
  addresses: Set<string>;
  /** What it told others unasked. */
  claims: Claim[];
}

interface Binding {
  hardware: string;
  before: string;
  changes: number;
  changedUs: number;
}

interface Claim {
  host: HostKey;
  address: string;
  hardware: string;
  count: number;
  startUs: number;
  endUs: number;
}

export const arpSpoof: Detector<Names> = {
  id: 'arp-spoof',
  title: 'ARP spoofing',
  technique: { id: 'T1557.002', name: 'ARP Cache Poisoning' },
  severity: 'high',
  consumes: ['packets'],
  thresholds,
  description:
    "A machine tells others that the address of a third, most often the router's, is at its own hardware address, without having been asked; or it tells each of two that it is the other; or two machines take turns with one address. What goes to that address then goes through it. Needs a capture.",
  falsePositives:
    'A change of a network card, of a lease or of the active one of a cluster happens once, and is announced to all. Routers that answer for others are asked first. Virtual addresses of VRRP, HSRP and CARP are known by their hardware address.',
  advice: [
    'Which machine has the hardware address? Look at the switch.',
    'Take it off the network; have everybody forget the address (ip neigh flush).',
    'Switch dynamic ARP inspection on, where the switch has it.',
  ],
  onByDefault: true,
  start: (context) => new ArpSpoof(context),
};

class ArpSpoof implements DetectorRun {
  readonly #context: DetectorContext<Names>;
  readonly #machines = new RecentMap<Machine>(mostAddresses);
  readonly #bindings = new RecentMap<Binding>(mostAddresses);
  readonly #claims = new RecentMap<Claim>(mostAddresses);

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'packets' || observation.protocol !== 'arp' || observation.hardware === undefined) return;
    const { hardware, source, destination } = observation;
    if (sharedHardware.test(hardware)) return;
    const changes = this.#bind(observation, hardware);
    const machine = this.#machines.getOrMake(hardware, () => ({ addresses: new Set(), claims: [] }));
    const isAnnouncement = source.address === destination.address;
    const isPressed = observation.unasked === true && !isAnnouncement;
    if (isPressed || changes >= this.#context.thresholds.changes) {
      const claim = this.#claim(observation, hardware);
      if (machine.claims.length < mostClaims && !machine.claims.includes(claim)) machine.claims.push(claim);
      if (changes >= this.#context.thresholds.changes && !this.#isDefending(observation, machine))
        this.#tell(claim, machine, changes);
    } else if (!isAnnouncement && machine.addresses.size < mostClaims) machine.addresses.add(source.address);
    for (const claim of machine.claims) {
      if (claim.count < this.#context.thresholds.claims) continue;
      if (ownOf(machine, claim) !== undefined || isBothWays(machine, claim)) this.#tell(claim, machine, changes);
    }
  }

  advance(): void {}

  save(): unknown {
    return undefined;
  }

  restore(): void {}

  forget(): void {}

  /** The one that it takes turns with speaks as others, too, and it does not. */
  #isDefending({ source }: PacketsObservation, machine: Machine): boolean {
    const other = this.#machines.get(this.#bindings.get(source.address)?.before ?? '');
    return other !== undefined && addressesOf(machine).size < 2 && addressesOf(other).size > 1;
  }

  /** @returns how often the address has changed back and forth lately. */
  #bind({ source, atUs }: PacketsObservation, hardware: string): number {
    const binding = this.#bindings.getOrMake(source.address, () => ({
      hardware,
      before: '',
      changes: 0,
      changedUs: atUs,
    }));
    if (binding.hardware === hardware) return 0;
    const isBack = binding.before === hardware;
    const isLately = atUs - binding.changedUs <= this.#context.thresholds.windowSeconds * 1e6;
    binding.changes = isBack && isLately ? binding.changes + 1 : 1;
    binding.before = binding.hardware;
    binding.hardware = hardware;
    binding.changedUs = atUs;
    return binding.changes;
  }

  #claim({ host, source, atUs }: PacketsObservation, hardware: string): Claim {
    const { address } = source;
    const claim = this.#claims.getOrMake(`${host} ${address} ${hardware}`, () => ({
      host,
      address,
      hardware,
      count: 0,
      startUs: atUs,
      endUs: atUs,
    }));
    claim.count++;
    claim.endUs = Math.max(claim.endUs, atUs);
    return claim;
  }

  #tell(claim: Claim, machine: Machine, changes: number): void {
    const { host, address, hardware, count, startUs, endUs } = claim;
    const own = ownOf(machine, claim);
    const who = own === undefined ? hardware : `${own} (${hardware})`;
    this.#context.emit({
      host,
      key: [address, hardware],
      severity: 'high',
      score: count / (count + 1),
      summary: `${who} told ${host} ${countText(count, 'time')} that the address ${address} is its own`,
      peer: own ?? hardware,
      process: '',
      startUs,
      endUs,
      count,
      evidence: [
        { label: 'Unasked claims', value: count, unit: 'count', against: this.#context.thresholds.claims },
        { label: 'Address claimed', value: address },
        { label: 'Hardware address', value: hardware },
        { label: 'Changes back and forth', value: changes, unit: 'count', against: this.#context.thresholds.changes },
      ],
      links: { addresses: [address, host, ...(own === undefined ? [] : [own])] },
    });
  }
}

/** It goes on telling each of two that it is the other, and so is neither. */
const isBothWays = ({ claims }: Machine, { host, address, count }: Claim) =>
  count > 1 && claims.some((other) => other.count > 1 && other.host === address && other.address === host);

/** All that it has spoken as. */
const addressesOf = ({ addresses, claims }: Machine) =>
  new Set([...addresses, ...claims.map(({ address }) => address)]);

/** Another address that the machine has. */
const ownOf = ({ addresses }: Machine, { address }: Claim) => [...addresses].find((own) => own !== address);
