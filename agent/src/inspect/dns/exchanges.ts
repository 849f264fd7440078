// Puts DNS questions and answers together: one exchange a question, with its latency, its asker and what it was told.
import { DnsKind, DnsRole, type DnsTransport } from '@foretop/proto';
import { Generations } from '../generations.ts';
import type { PayloadOwner } from '../payload.ts';
import type { DnsMessage, DnsQuestion } from './message.ts';
import { findMulticastAnswer, type MatchedAnswer } from './multicast.ts';

/** The facts of proto's DnsExchange with texts in place of the string table. */
export interface ObservedExchange {
  /** Clock of the payloads. Of the first query; of the answer when no query was seen. */
  askedUs: number;
  answered: boolean;
  /** First query to answer; undefined unless both were seen. */
  latencyUs: number | undefined;
  /** Of the socket at this end, undefined = unknown. */
  owner: PayloadOwner | undefined;
  transport: DnsTransport;
  kind: DnsKind;
  role: DnsRole;
  localAddress: Uint8Array;
  localPort: number;
  peerAddress: Uint8Array;
  peerPort: number;
  name: string;
  type: number;
  rcode: number;
  truncated: boolean;
  addresses: Uint8Array[];
  canonicalNames: string[];
  /** The shortest life of the addresses and aliases; undefined when there are none. */
  ttlSeconds: number | undefined;
  queryBytes: number;
  answerBytes: number;
  cookie: number;
  /** How often the query was seen; 0 = only its answer was. */
  queries: number;
}

/** One DNS message and where it was seen. */
export interface DnsSighting {
  message: DnsMessage;
  messageBytes: number;
  /** Query and answer of one conversation have the same. */
  conversation: string;
  transport: DnsTransport;
  kind: DnsKind;
  direction: 'rx' | 'tx';
  cookie: number;
  localAddress(): Uint8Array;
  localPort: number;
  peerAddress(): Uint8Array;
  peerPort: number;
  atUs: number;
  owner(): PayloadOwner | undefined;
}

export interface ExchangeCounters {
  /** Queries given up as unanswered before their time, because there were too many. */
  evicted: number;
  /** Answers that belong to no query and name no question. */
  unmatched: number;
}

const timeoutUs = 10_000_000;
const maxPending = 16_384;
/** Given up at once when there are too many: one by one would cost a search for the oldest each time. */
const evictedTogether = 1_024;
const maxRecentAnswers = 4_096;
const expireEveryUs = 200_000;

export class DnsExchanges {
  readonly counters: ExchangeCounters = { evicted: 0, unmatched: 0 };
  readonly #emit: (exchange: ObservedExchange) => void;
  // By conversation and message id, oldest first; in mDNS, whose id is 0, by conversation alone.
  readonly #pending = new Map<string, ObservedExchange[]>();
  readonly #answered = new Generations<true>(maxRecentAnswers);
  #pendingCount = 0;
  #expiredUs = 0;

  constructor(emit: (exchange: ObservedExchange) => void) {
    this.#emit = emit;
  }

  observe(sighting: DnsSighting): void {
    if (Math.abs(sighting.atUs - this.#expiredUs) >= expireEveryUs) this.expire(sighting.atUs);
    const key = sighting.kind === DnsKind.DNS_KIND_MDNS ? sighting.conversation : keyOf(sighting);
    if (!sighting.message.response) this.#ask(sighting, key);
    else if (sighting.kind === DnsKind.DNS_KIND_MDNS) this.#answerMulticast(sighting, key);
    else this.#answer(sighting, key);
  }

  /** Gives out what has waited for 10 s as unanswered. */
  expire(nowUs: number): void {
    this.#expiredUs = nowUs;
    for (const [key, group] of this.#pending) {
      if (nowUs - group[0]!.askedUs < timeoutUs) return;
      const due = group.findIndex(({ askedUs }) => nowUs - askedUs < timeoutUs);
      this.#giveUp(key, group, due < 0 ? group.length : due);
    }
  }

  /** Gives out all that waits as unanswered. */
  flush(): void {
    for (const [key, group] of this.#pending) this.#giveUp(key, group, group.length);
  }

  #ask(sighting: DnsSighting, key: string): void {
    const group = this.#pending.get(key);
    for (const question of sighting.message.questions) {
      const repeated = group?.find(({ name, type }) => name === question.name && type === question.type);
      if (repeated) repeated.queries++;
      else this.#wait(key, newExchange(sighting, question));
    }
  }

  #wait(key: string, exchange: ObservedExchange): void {
    if (this.#pendingCount >= maxPending) this.#evictOldest();
    const group = this.#pending.get(key);
    if (group) group.push(exchange);
    else this.#pending.set(key, [exchange]);
    this.#pendingCount++;
    this.#answered.delete(answerKey(key, exchange));
  }

  #answer(sighting: DnsSighting, key: string): void {
    const { questions } = sighting.message;
    const group = this.#pending.get(key) ?? [];
    // A server that cannot read a query answers without repeating the question.
    const asked = questions.length > 0 ? questions : [...group];
    if (asked.length === 0) this.counters.unmatched++;
    for (const question of asked) {
      const index = group.findIndex(({ name, type }) => name === question.name && type === question.type);
      const recent = answerKey(key, question);
      if (index < 0) {
        if (!this.#answered.get(recent)) this.#emit(answered(newExchange(sighting, question), sighting));
      } else {
        this.#emit(answered(this.#take(key, group, index), sighting));
      }
      this.#answered.set(recent, true);
    }
  }

  #answerMulticast(sighting: DnsSighting, key: string): void {
    const group = this.#pending.get(key);
    if (!group) return;
    for (let index = group.length - 1; index >= 0; index--) {
      const found = findMulticastAnswer(sighting.message, group[index]!);
      if (found) this.#emit(answered(this.#take(key, group, index), sighting, found));
    }
  }

  #take(key: string, group: ObservedExchange[], index: number): ObservedExchange {
    const [exchange] = group.splice(index, 1);
    if (group.length === 0) this.#pending.delete(key);
    this.#pendingCount--;
    return exchange!;
  }

  #giveUp(key: string, group: ObservedExchange[], count: number): void {
    const due = group.splice(0, count);
    this.#pending.delete(key);
    if (group.length > 0) this.#pending.set(key, group);
    this.#pendingCount -= due.length;
    // A question to everybody on the link is an exchange of this host only if it asked or answered.
    for (const exchange of due)
      if (exchange.role === DnsRole.DNS_ROLE_CLIENT || isUnicast(exchange)) this.#emit(exchange);
  }

  #evictOldest(): void {
    let left = evictedTogether;
    for (const [key, group] of this.#pending) {
      if (left <= 0) return;
      left -= group.length;
      this.counters.evicted += group.length;
      this.#giveUp(key, group, group.length);
    }
  }
}

const isUnicast = ({ kind }: ObservedExchange) => kind === DnsKind.DNS_KIND_DNS;
const keyOf = ({ conversation, message }: DnsSighting) => `${conversation}#${message.id}`;
const answerKey = (key: string, { name, type }: DnsQuestion) => `${key}#${type}#${name}`;

function newExchange(sighting: DnsSighting, question: DnsQuestion): ObservedExchange {
  const { message, messageBytes } = sighting;
  const isAsker = message.response === (sighting.direction === 'rx');
  return {
    askedUs: sighting.atUs,
    answered: false,
    latencyUs: undefined,
    owner: sighting.owner(),
    transport: sighting.transport,
    kind: sighting.kind,
    role: isAsker ? DnsRole.DNS_ROLE_CLIENT : DnsRole.DNS_ROLE_SERVER,
    localAddress: sighting.localAddress(),
    localPort: sighting.localPort,
    peerAddress: sighting.peerAddress(),
    peerPort: sighting.peerPort,
    name: question.name,
    type: question.type,
    rcode: 0,
    truncated: message.truncated,
    addresses: [],
    canonicalNames: [],
    ttlSeconds: undefined,
    queryBytes: message.response ? 0 : messageBytes,
    answerBytes: 0,
    cookie: sighting.cookie,
    queries: message.response ? 0 : 1,
  };
}

function answered(exchange: ObservedExchange, sighting: DnsSighting, found?: MatchedAnswer): ObservedExchange {
  const { message, atUs } = sighting;
  exchange.answered = true;
  if (exchange.queries > 0) exchange.latencyUs = Math.max(0, atUs - exchange.askedUs);
  exchange.rcode = message.rcode;
  exchange.truncated ||= message.truncated;
  exchange.addresses = found?.addresses ?? message.addresses;
  exchange.canonicalNames = message.canonicalNames;
  exchange.answerBytes = sighting.messageBytes;
  exchange.owner ??= sighting.owner();
  for (const { address, target, ttlSeconds } of message.records) {
    if (address || target !== undefined) exchange.ttlSeconds = Math.min(exchange.ttlSeconds ?? Infinity, ttlSeconds);
  }
  return exchange;
}
