// Asks live hosts for offers and sends them signed commands; each question has one answer, within a time, from the host that was asked.
import { randomBytes } from 'node:crypto';
import type { CommandProgress, CommandReceipt, OfferAnswer, SignedCommand, ToolOutput } from '@foretop/proto';
import { type ReceiptClaims, readStatement, refusals, type RefusalCode, sha256Text } from '@foretop/proto/trust';
import { cleanText } from '../store/host-text.ts';
import { CommandError } from './errors.ts';
import { type AskedAction, type HeldOffer, holdOffer } from './held-offer.ts';
import type { ControlLink } from './link.ts';
import type { Strays } from './strays.ts';

const offerTimeoutMs = 10_000;
/** TERM, a grace, KILL, and what the host sees happen after it. */
const receiptTimeoutMs = 60_000;
/** Of commands that act, and as many of tools: neither keeps the other waiting. */
const mostPerHost = 8;
const mostProgress = 20;
const longestText = 500;

export interface Receipt {
  text: string;
  claims: ReceiptClaims;
}

export interface ExchangeOptions {
  /** The host's session at the moment. */
  linkOf: (hostId: number) => ControlLink | undefined;
  strays: Strays;
  /** A receipt that nobody waits for: its command may have been given up before. */
  onLate: (link: ControlLink, wireId: string, receipt: string) => void;
  /** Monotonic milliseconds. */
  now: () => number;
  offerTimeoutMs?: number;
  receiptTimeoutMs?: number;
}

interface Question {
  link: ControlLink;
  asked: AskedAction;
  settle: PromiseWithResolvers<OfferAnswer>;
}

interface Sent {
  offer: HeldOffer;
  watcher: Watcher;
  settle: PromiseWithResolvers<Receipt>;
}

/** Who is told what a host says between a command and its receipt. */
export interface Watcher {
  progress: string[];
  /** Of a tool. */
  output?: (output: ToolOutput, link: ControlLink) => void;
  /** How long the receipt may take; the standard unless given. */
  receiptTimeoutMs?: number;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #questions = new Map<string, Question>();
  readonly #sent = new Map<string, Sent>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Throws CommandError. */
  async ask(hostId: number, operator: string, asked: AskedAction): Promise<HeldOffer> {
    const { linkOf, now } = this.#options;
    const link = linkOf(hostId);
    if (link === undefined) throw new CommandError('host-not-live', 'The host is not connected.');
    const open = [...this.#questions.values(), ...this.#sent.values()].filter(
      (entry) => hostOf(entry) === hostId && isTool(entry) === (asked.runTool != null),
    );
    if (open.length >= mostPerHost) {
      throw new CommandError('too-many', `${mostPerHost} commands are under way on this host already.`);
    }
    const wireId = randomBytes(16).toString('hex');
    const settle = Promise.withResolvers<OfferAnswer>();
    this.#questions.set(wireId, { link, asked, settle });
    const timeoutMs = this.#options.offerTimeoutMs ?? offerTimeoutMs;
    try {
      link.send({ offerRequest: { requestId: Buffer.from(wireId, 'hex'), operator, ...asked } });
      const silent = new CommandError('host-silent', `The host did not answer within ${timeoutMs / 1000} s.`);
      const answer = await within(settle.promise, timeoutMs, silent);
      if (answer.refusal) throw refusalOf(answer.refusal.code, answer.refusal.detail);
      return await holdOffer(answer.offer ?? '', asked, { wireId, link, nowMs: now() });
    } finally {
      this.#questions.delete(wireId);
    }
  }

  /**
   * Sends the command and waits for its receipt, which may come over a later session of the same host; what the host says
   * meanwhile goes to `watcher`. Throws CommandError: host-not-live when nothing was sent, else outcome-unknown.
   */
  async send(
    offer: HeldOffer,
    signature: Pick<SignedCommand, 'statement' | 'passkey'>,
    watcher: Watcher,
  ): Promise<Receipt> {
    const link = this.linkFor(offer);
    const settle = Promise.withResolvers<Receipt>();
    this.#sent.set(offer.wireId, { offer, watcher, settle });
    const timeoutMs = watcher.receiptTimeoutMs ?? this.#options.receiptTimeoutMs ?? receiptTimeoutMs;
    try {
      link.send({ command: { requestId: Buffer.from(offer.wireId, 'hex'), ...signature } });
      const silent = new CommandError(
        'outcome-unknown',
        `The command was sent, and no receipt came within ${timeoutMs / 1000} s. The host may have carried it out.`,
      );
      return await within(settle.promise, timeoutMs, silent);
    } finally {
      this.#sent.delete(offer.wireId);
    }
  }

  /** The session over which this offer's command would go. Throws CommandError host-not-live. */
  linkFor({ hostId, thumbprint }: HeldOffer): ControlLink {
    const link = this.#options.linkOf(hostId);
    if (link?.thumbprint === thumbprint) return link;
    throw new CommandError('host-not-live', 'The host is not connected any more; nothing was sent.');
  }

  get underWay(): number {
    return this.#questions.size + this.#sent.size;
  }

  /** Questions end with their session; of what was sent the receipt may still come. */
  disconnected(link: ControlLink): void {
    for (const question of this.#questions.values()) {
      if (question.link === link) question.settle.reject(new CommandError('host-not-live', 'The connection broke.'));
    }
  }

  /** Ends all that is waited for; receipts that come later count at the next start. */
  stop(): void {
    for (const { settle } of this.#questions.values()) {
      settle.reject(new CommandError('host-silent', 'The collector is stopping.'));
    }
    for (const { settle } of this.#sent.values()) {
      settle.reject(
        new CommandError('outcome-unknown', 'The command was sent, and the collector stopped before a receipt came.'),
      );
    }
  }

  answered(link: ControlLink, answer: OfferAnswer): void {
    const question = this.#questions.get(hexOf(answer.requestId));
    if (question?.link !== link) return void this.#options.strays.add(link, 'an offer');
    question.settle.resolve(answer);
  }

  progressed(link: ControlLink, { requestId, text }: CommandProgress): void {
    const sent = this.#sentTo(link, requestId);
    if (sent === undefined || sent.watcher.progress.length >= mostProgress) {
      return void this.#options.strays.add(link, 'progress');
    }
    sent.watcher.progress.push(cleanText(text, longestText));
  }

  /** What a tool says that nobody waits for, as after a new start of the collector, is stopped. */
  said(link: ControlLink, output: ToolOutput): void {
    const { output: take } = this.#sentTo(link, output.requestId)?.watcher ?? {};
    if (take) take(output, link);
    else if (this.#options.strays.add(link, "a tool's output")) cancelOn(link, hexOf(output.requestId));
  }

  /** Asks the host to stop a tool that was sent; its receipt still comes. False: it is not connected, or nothing is under way. */
  cancel(offer: HeldOffer): boolean {
    const link = this.#options.linkOf(offer.hostId);
    if (link === undefined || !this.#sent.has(offer.wireId)) return false;
    cancelOn(link, offer.wireId);
    return true;
  }

  receipted(link: ControlLink, { requestId, receipt }: CommandReceipt): void {
    const sent = this.#sentTo(link, requestId);
    if (sent !== undefined) {
      readReceipt(receipt ?? '', link, sent.offer.hash).then(sent.settle.resolve, sent.settle.reject);
    } else if (this.#options.strays.add(link, 'a receipt')) {
      this.#options.onLate(link, hexOf(requestId), receipt ?? '');
    }
  }

  /** Only the host that got the command, by the key that signed the offer. */
  #sentTo(link: ControlLink, requestId: Uint8Array | null | undefined): Sent | undefined {
    const sent = this.#sent.get(hexOf(requestId));
    const isOfHost = sent?.offer.hostId === link.hostId && sent.offer.thumbprint === link.thumbprint;
    return isOfHost ? sent : undefined;
  }
}

/** Throws CommandError outcome-unknown for one that this host did not sign, or that is of another offer. */
export async function readReceipt(text: string, link: ControlLink, offerHash: string): Promise<Receipt> {
  try {
    const claims = await readStatement('receipt', text, link.key);
    // A host that does not know the offer any more can only say so.
    const isUnknown = claims.outcome === 'refused' && claims.offer === (await sha256Text(''));
    if (claims.offer !== offerHash && !isUnknown) throw new Error('it is of another offer');
    return { text, claims: { ...claims, detail: cleanText(claims.detail, longestText) } };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError('outcome-unknown', `The command was sent, and the receipt is not valid: ${reason}.`, {
      cause,
    });
  }
}

const hostOf = (entry: Question | Sent): number => ('link' in entry ? entry.link.hostId : entry.offer.hostId);

const isTool = (entry: Question | Sent): boolean =>
  'asked' in entry ? entry.asked.runTool != null : entry.offer.claims.action.kind === 'run-tool';

/** Needs no signature: looking less harms nobody. */
export function cancelOn(link: ControlLink, wireId: string): void {
  link.send({ cancel: { requestId: Buffer.from(wireId, 'hex') } });
}

const hexOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('hex');

/** A code that is not known is told in the host's words only. */
function refusalOf(code: string | null | undefined, detail: string | null | undefined): CommandError {
  const known = Object.hasOwn(refusals, code ?? '') ? (code as RefusalCode) : undefined;
  const words = cleanText(detail, longestText) || refusals[known ?? 'not-supported'];
  return new CommandError('refused', words, { refusal: known ?? 'not-supported' });
}

async function within<T>(promise: Promise<T>, timeoutMs: number, otherwise: Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => (timer = setTimeout(reject, timeoutMs, otherwise)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
