// First contacts of one sender: by target (which ports) and by service (which targets), each with its sequential test.
import { steps, walk } from './sequential-test.ts';

export type ContactResult = 'failure' | 'empty' | 'success';

export interface Contact {
  target: string;
  /** "tcp/22"; "icmp/echo". */
  service: string;
  port: number;
  atUs: number;
  /** 'empty': it was answered, and the sender said nothing. */
  result: ContactResult;
  /** The sender may have had a reason to go just there: it had looked the target's name up. */
  isNamed: boolean;
  /** How many ports it stands for, at least. */
  ports: number;
  way: string;
  /** Says nothing over several hosts. */
  isOfOneHost?: boolean;
}

/** Which tests a contact counts in. */
export interface ContactRules {
  vertical: boolean;
  horizontal: boolean;
  spread: boolean;
}

/** One test: of one target over its ports, or of one service over its targets. */
export interface Group {
  sum: number;
  highest: number;
  failed: number;
  succeeded: number;
  /** Failed ones; at most `mostMembers` are told apart. */
  members: Set<string>;
  /** Opened and left, and how often one of them was again. */
  empty: Set<string>;
  again: number;
  firstUs: number;
  lastUs: number;
}

const mostGroups = 1_024;
const mostMembers = 1_024;

export class ScanContacts {
  /** Ports by target, and targets by service. */
  readonly targets = new Map<string, Group>();
  readonly services = new Map<string, Group>();
  /** All targets together, for probes of several services. */
  readonly spread: Group = newGroup(0);
  /** Ways in which it was probed, as words. */
  readonly ways = new Set<string>();
  /** By target, then by service where it has several: both texts as one would be made and hashed anew for each observation. */
  readonly #known = new Map<string, Contact | Map<string, Contact>>();
  #size = 0;
  readonly #mostKnown: number;
  failed = 0;
  lastUs = 0;

  constructor(mostKnown: number) {
    this.#mostKnown = mostKnown;
  }

  get size(): number {
    return this.#size;
  }

  hasSucceeded(target: string, service: string): boolean {
    return this.#of(target, service)?.result === 'success';
  }

  /** In the order in which their targets came. */
  *contacts(): IterableIterator<Contact> {
    for (const held of this.#known.values())
      if (held instanceof Map) yield* held.values();
      else yield held;
  }

  /** @returns the strongest evidence of the tests that it counts in; undefined when it says nothing new. */
  add(contact: Contact, rules: ContactRules): number | undefined {
    this.lastUs = Math.max(this.lastUs, contact.atUs);
    // A fold of many ports has no port to know it by.
    if (contact.ports <= 1) {
      const known = this.#of(contact.target, contact.service);
      if (known !== undefined) {
        const group = known.result === 'empty' ? this.services.get(contact.service) : undefined;
        if (group) group.again++;
        return undefined;
      }
      if (this.#size >= this.#mostKnown) return this.#overflow(contact, rules);
      this.#keep(contact);
    }
    const isFailure = contact.result === 'failure';
    const touched: Group[] = [];
    if (rules.vertical) {
      // Nobody opens one port after the other and says nothing.
      const result = contact.result === 'empty' ? 'failure' : contact.result;
      touched.push(step(groupOf(this.targets, contact.target, contact.atUs), contact.service, contact, result));
    }
    if (rules.horizontal && !(contact.isNamed && isFailure)) {
      // A monitor opens the same port of many hosts and says nothing: that speaks neither for nor against, until it comes again.
      touched.push(
        step(groupOf(this.services, contact.service, contact.atUs), contact.target, contact, contact.result),
      );
      if (rules.spread) touched.push(step(this.spread, contact.target, contact, contact.result));
    }
    if (contact.result !== 'success') {
      this.failed += contact.ports;
      this.ways.add(contact.way);
    }
    return Math.max(0, ...touched.map(({ highest }) => highest));
  }

  #of(target: string, service: string): Contact | undefined {
    const held = this.#known.get(target);
    if (held instanceof Map) return held.get(service);
    return held?.service === service ? held : undefined;
  }

  #keep(contact: Contact): void {
    const { target, service } = contact;
    const held = this.#known.get(target);
    if (held === undefined) this.#known.set(target, contact);
    else if (held instanceof Map) held.set(service, contact);
    else
      this.#known.set(
        target,
        new Map([
          [held.service, held],
          [service, contact],
        ]),
      );
    this.#size++;
  }

  /** Too many to tell apart: the sender is far beyond any threshold already, and only counted. */
  #overflow({ result, ports, target, service, atUs }: Contact, { vertical }: ContactRules): number | undefined {
    const group = vertical ? this.targets.get(target) : this.services.get(service);
    if (result === 'success' || group === undefined) return undefined;
    this.failed += ports;
    group.failed += ports;
    group.lastUs = Math.max(group.lastUs, atUs);
    return group.highest;
  }
}

function newGroup(atUs: number): Group {
  return {
    sum: 0,
    highest: 0,
    failed: 0,
    succeeded: 0,
    members: new Set(),
    empty: new Set(),
    again: 0,
    firstUs: atUs,
    lastUs: atUs,
  };
}

function groupOf(groups: Map<string, Group>, key: string, atUs: number): Group {
  let group = groups.get(key);
  if (group !== undefined) return group;
  if (groups.size >= mostGroups) dropWeakest(groups);
  group = newGroup(atUs);
  groups.set(key, group);
  return group;
}

/** Makes room by a tenth: those with the least in them. */
function dropWeakest(groups: Map<string, Group>): void {
  const weakest = [...groups].toSorted((a, b) => a[1].highest - b[1].highest).slice(0, mostGroups / 10);
  for (const [key] of weakest) groups.delete(key);
}

function step(group: Group, member: string, { ports, atUs }: Contact, result: ContactResult): Group {
  if (group.failed === 0 && group.succeeded === 0) group.firstUs = atUs;
  group.lastUs = Math.max(group.lastUs, atUs);
  if (result === 'empty') {
    if (group.empty.size < mostMembers) group.empty.add(member);
    return group;
  }
  if (result === 'success') {
    group.succeeded++;
    group.sum = walk(group.sum, steps.success);
    return group;
  }
  if (ports <= 1 && group.members.has(member)) return group;
  if (group.members.size < mostMembers) group.members.add(member);
  if (group.failed === 0) group.firstUs = atUs;
  group.failed += ports;
  group.sum = walk(group.sum, steps.failure * ports);
  group.highest = Math.max(group.highest, group.sum);
  return group;
}
