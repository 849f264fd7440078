// One command from the question to the outcome: the host's offer, its minute, the signature, what came of it.
import type { Command, CommandOffer, CommandResult, CommandSignature } from '@foretop/proto/api';
import type { OfferClaims } from '@foretop/proto/trust';
import { ApiError, request } from '../api/client.ts';
import { messageOf, session } from '../api/session.svelte.ts';
import { browserKeys } from '../trust/browser-keys.ts';
import { readTrust } from '../trust/read-trust.ts';
import { offerOf, signCommand } from '../trust/sign-command.ts';
import { placeOfPage, signingSupport } from '../trust/signing-support.ts';
import { bestWay, waysToSign, type WayToSign } from '../trust/ways-to-sign.ts';
import { pathOf, wantedAction, type Target } from './target.ts';

export interface Offered {
  requestId: string;
  text: string;
  claims: OfferClaims;
  askedAtMs: number;
  /** By this page's monotonic clock: never later than the host's own end of it. */
  endsAtMs: number;
  ways: readonly WayToSign[];
  /** Who signs, as the roster names them. */
  name: string;
  /** When the roster in force ends, RFC 3339; null = there is none. */
  rosterExpiresAt: string | null;
}

export type Stage =
  /** `offered`: what stands until the new answer is here. */
  | { is: 'asking'; offered: Offered | undefined }
  | { is: 'offered'; offered: Offered }
  | { is: 'signing'; offered: Offered }
  | { is: 'sent'; offered: Offered }
  | { is: 'queued'; command: Command }
  | { is: 'done'; result: CommandResult }
  /** Nothing happened, and why. */
  | { is: 'refused'; code: string; message: string }
  /** It was signed and sent, and no word of what came of it has arrived. */
  | { is: 'unknown'; message: string };

const progressEveryMs = 700;

export class CommandInHand {
  stage = $state.raw<Stage>({ is: 'asking', offered: undefined });
  tree = $state(false);
  signer = $state<WayToSign['signer'] | undefined>();
  /** What went wrong with the signature; the offer still stands. */
  fault = $state('');
  progress = $state.raw<readonly string[]>([]);
  readonly target: Target;
  readonly #labels: readonly string[];
  #stop = new AbortController();

  /** `labels`: the host's own, by which rosters may name it. */
  constructor(target: Target, labels: readonly string[]) {
    this.target = target;
    this.#labels = labels;
  }

  /** Asks the host anew; what it offered before is left to lapse. */
  async ask(tree = this.tree): Promise<void> {
    this.#stop.abort();
    const stop = (this.#stop = new AbortController());
    this.stage = { is: 'asking', offered: 'offered' in this.stage ? this.stage.offered : undefined };
    this.tree = tree;
    this.fault = '';
    try {
      const offered = await this.#askHost(stop.signal);
      if (stop.signal.aborted) return;
      if (!offered.ways.some(({ signer, why }) => signer === this.signer && why === ''))
        this.signer = bestWay(offered.ways, offered.claims.weakestSigner)?.signer;
      this.stage = { is: 'offered', offered };
    } catch (error) {
      this.#refused(error, stop.signal);
    }
  }

  /** Signs what was offered and sends it; the outcome is what the host saw. */
  async sign(offered: Offered): Promise<void> {
    const { signal } = this.#stop;
    const way = offered.ways.find(({ signer, why }) => signer === this.signer && why === '');
    if (!way || performance.now() >= offered.endsAtMs) return;
    this.fault = '';
    this.stage = { is: 'signing', offered };
    let signature: CommandSignature['signature'];
    try {
      signature = await signCommand(offered, way, offered.endsAtMs - performance.now(), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.fault = messageOf(error);
      this.stage = { is: 'offered', offered };
      return;
    }
    this.stage = { is: 'sent', offered };
    const following = this.#followProgress(offered.requestId);
    try {
      const body: CommandSignature = { requestId: offered.requestId, signature };
      const result = await request<CommandResult>(pathOf(this.target, this.tree), { method: 'DELETE', body, signal });
      this.stage = { is: 'done', result };
    } catch (error) {
      if (isUncertain(error)) this.#unknown(error, signal);
      else this.#refused(error, signal);
    } finally {
      clearInterval(following);
    }
  }

  /** For hosts that take only `approve`: leaves it to the operator's own machine. */
  async queue(): Promise<void> {
    const { signal } = this.#stop;
    try {
      const body = { hostId: this.target.hostId, action: wantedAction(this.target, this.tree) };
      const command = await request<Command>('/commands', { method: 'POST', body, signal });
      this.stage = { is: 'queued', command };
    } catch (error) {
      this.#refused(error, signal);
    }
  }

  /** Nothing is asked for any more. A command that was sent goes on at the host. */
  close(): void {
    this.#stop.abort();
  }

  async #askHost(signal: AbortSignal): Promise<Offered> {
    const askedAtMs = performance.now();
    const name = session.current.state === 'signed-in' ? session.current.name : '';
    const [answer, trust, here] = await Promise.all([
      request<CommandOffer>(pathOf(this.target, this.tree), { method: 'DELETE', signal }),
      readTrust(signal),
      browserKeys().catch(() => []),
    ]);
    const claims = offerOf(answer.offer, answer.hostThumbprint);
    const ways = await waysToSign({
      name,
      operators: trust.roster?.operators ?? [],
      host: { thumbprint: answer.hostThumbprint, labels: this.#labels },
      capability: 'terminate',
      weakest: claims.weakestSigner,
      here: here.map(({ thumbprint }) => thumbprint),
      support: signingSupport(placeOfPage()),
    });
    return {
      requestId: answer.requestId,
      text: answer.offer,
      claims,
      askedAtMs,
      endsAtMs: askedAtMs + claims.lifeSeconds * 1000,
      ways,
      name,
      rosterExpiresAt: trust.roster?.expiresAt ?? null,
    };
  }

  /** The answer comes when all is over; what the host says meanwhile is read beside it. */
  #followProgress(requestId: string): ReturnType<typeof setInterval> {
    this.progress = [];
    return setInterval(() => {
      request<Command>(`/commands/${requestId}`).then(
        ({ progress }) => (this.progress = progress),
        () => undefined,
      );
    }, progressEveryMs);
  }

  #unknown(error: unknown, signal: AbortSignal): void {
    if (!signal.aborted) this.stage = { is: 'unknown', message: messageOf(error) };
  }

  #refused(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    const code = error instanceof ApiError ? (error.problem?.refusal ?? '') : '';
    this.stage = { is: 'refused', code, message: messageOf(error) };
  }
}

/** Whether a command that was sent may have been carried out although the answer is a failure. */
const isUncertain = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.retryable || error.problem?.type.endsWith(':outcome-unknown') === true;
