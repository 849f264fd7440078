// Pings of a capture, gathered by who asks whom: how many, how large, and how many carry what no ping does.
import type { Echo } from '@foretop/agent/inspect/packet/echo.ts';
import { formatAddress } from '@foretop/proto';
import type { PacketsObservation } from '../../observation.ts';
import { RecentMap } from '../../detectors/lib/recent-map.ts';
import { seenByClient } from '../flow-observation.ts';
import { observed, type ReplayRecord } from '../record.ts';
import { isPingLike } from './ping-payload.ts';

const maxConversations = 16_384;
/** A span, as long as the conversation goes on. */
const spanUs = 60_000_000;
const keptPayloadBytes = 512;

interface Side {
  packets: number;
  bytes: number;
  largest: number;
  odd: number;
  empty: number;
}

interface Conversation {
  family: 4 | 6;
  asker: string;
  answerer: string;
  id: string;
  openedUs: number;
  startUs: number;
  lastUs: number;
  isFirst: boolean;
  there: Side;
  back: Side;
  /** Of the last request: what its reply has to repeat. */
  sequence: number;
  payload: Uint8Array;
}

const newSide = (): Side => ({ packets: 0, bytes: 0, largest: 0, odd: 0, empty: 0 });

export class Echoes {
  readonly #emit: (record: ReplayRecord) => void;
  readonly #prefix: string;
  readonly #conversations = new RecentMap<Conversation>(maxConversations, (conversation) => this.#end(conversation));
  #count = 0;
  #rotatedUs = 0;

  constructor(prefix: string, emit: (record: ReplayRecord) => void) {
    this.#prefix = prefix;
    this.#emit = emit;
  }

  add(echo: Echo): void {
    if (echo.timeUs - this.#rotatedUs >= spanUs) {
      this.#rotatedUs = echo.timeUs;
      this.#conversations.rotate();
    }
    const [asker, answerer] = echo.isReply
      ? [formatAddress(echo.destination), formatAddress(echo.source)]
      : [formatAddress(echo.source), formatAddress(echo.destination)];
    const key = `${asker} ${answerer} ${echo.identifier}`;
    const conversation = this.#conversations.getOrMake(key, () => this.#open(echo, asker, answerer));
    if (echo.timeUs - conversation.startUs >= spanUs) this.#span(conversation, echo.timeUs, false);
    conversation.lastUs = Math.max(conversation.lastUs, echo.timeUs);
    const side = echo.isReply ? conversation.back : conversation.there;
    side.packets++;
    side.bytes += echo.payloadBytes;
    side.largest = Math.max(side.largest, echo.payloadBytes);
    if (echo.payloadBytes === 0) side.empty++;
    if (echo.isReply) this.#reply(conversation, echo);
    else this.#request(conversation, echo);
  }

  end(): void {
    this.#conversations.rotate();
    this.#conversations.rotate();
  }

  #open({ family, timeUs }: Echo, asker: string, answerer: string): Conversation {
    return {
      family,
      asker,
      answerer,
      id: `${this.#prefix}i${++this.#count}`,
      openedUs: timeUs,
      startUs: timeUs,
      lastUs: timeUs,
      isFirst: true,
      there: newSide(),
      back: newSide(),
      sequence: -1,
      payload: new Uint8Array(0),
    };
  }

  #request(conversation: Conversation, echo: Echo): void {
    if (!isPingLike(echo.payload, conversation.payload)) conversation.there.odd++;
    conversation.sequence = echo.sequence;
    conversation.payload = echo.payload.slice(0, keptPayloadBytes);
  }

  #reply(conversation: Conversation, { sequence, payload }: Echo): void {
    if (sequence !== conversation.sequence) return;
    const length = Math.min(payload.length, conversation.payload.length);
    const isSame =
      Buffer.compare(payload.subarray(0, length), conversation.payload.subarray(0, length)) === 0 &&
      // Short packets are filled up to the least that Ethernet carries.
      (payload.length === conversation.payload.length || length === keptPayloadBytes);
    if (!isSame) conversation.back.odd++;
  }

  #end(conversation: Conversation): void {
    this.#span(conversation, conversation.lastUs, true);
  }

  #span(conversation: Conversation, untilUs: number, isClosed: boolean): void {
    const { family, asker, answerer, there, back, startUs, openedUs } = conversation;
    const answered = back.packets > 0;
    const connection = seenByClient({
      id: conversation.id,
      protocol: family === 4 ? 1 : 58,
      firstUs: startUs,
      lastUs: untilUs,
      client: { address: asker, port: 0 },
      server: { address: answerer, port: 0 },
      clientBytes: there.bytes,
      serverBytes: back.bytes,
      clientPackets: there.packets,
      serverPackets: back.packets,
      outcome: there.packets === 0 ? 'unknown' : answered ? 'established' : 'attempted',
    });
    this.#emit(observed({ ...connection, openedUs, first: conversation.isFirst, closed: isClosed }));
    if (there.packets > 0) this.#emit(observed(packets(conversation, untilUs, there, true)));
    if (answered) this.#emit(observed(packets(conversation, untilUs, back, false)));
    conversation.isFirst = false;
    conversation.startUs = untilUs;
    conversation.there = newSide();
    conversation.back = newSide();
  }
}

function packets(conversation: Conversation, atUs: number, side: Side, isThere: boolean): PacketsObservation {
  const { asker, answerer, startUs, family } = conversation;
  const [from, to] = isThere ? [asker, answerer] : [answerer, asker];
  return {
    kind: 'packets',
    host: asker,
    atUs,
    late: false,
    startUs,
    protocol: family === 4 ? 'icmp' : 'icmp6',
    source: { address: from, port: 0 },
    destination: { address: to, port: 0 },
    packets: side.packets,
    bytes: side.bytes,
    largest: side.largest,
    odd: side.odd,
    empty: side.empty,
  };
}
