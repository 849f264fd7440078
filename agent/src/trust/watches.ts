// Watches that were signed and go on without anybody: kept in a private file over restarts, until they expire or are stopped.
import { createPublicKey } from 'node:crypto';
import { parseAddress } from '../host/portable/address.ts';
import type { WatchParameters } from '@foretop/proto/tools';
import { peekStatement, type PublicJwk, readStatement } from '@foretop/proto/trust';
import type { Logger } from 'pino';
import type { Clock } from '../host/clock.ts';
import type { Guard } from '../tools/guard/guard.ts';
import { parseToolRequest } from '../tools/run-tool.ts';
import { useOf } from '../tools/use-of.ts';
import { type ProbeSample, watchOver } from '../tools/watch/watcher.ts';
import type { AuditJournal, HostKey } from './audit-journal.ts';
import { wallSeconds } from './describe-process.ts';
import { allowedBy } from './policy.ts';
import type { FoundPolicy } from './policy-file.ts';
import { readPrivateFile, replacePrivateFile } from './private-file.ts';
import { Refusal } from './refusal.ts';

const mostWatches = 32;
const mostFileBytes = 1 << 20;
/** So long after the start the collector's clock is waited for: the host's own may be years off. */
const clockWaitUs = 600_000_000;
/** The host's file and its networks are looked at again so often. */
const reviewUs = 15_000_000;

/** As the file has it. */
interface KeptWatch {
  /** Of the request that began it, hex: what names it when it is stopped. */
  requestId: string;
  /** The offer that was signed, by which a changed file is known. */
  offer: string;
  operator: { name: string; thumbprint: string };
}

interface RunningWatch extends KeptWatch {
  parameters: WatchParameters;
  address: Uint8Array;
  stop: AbortController;
  ended: Promise<void>;
}

export interface WatchesOptions {
  path: string;
  key: HostKey;
  clock: Clock;
  journal: AuditJournal;
  log: Logger;
  guard: Guard;
  policy: () => FoundPolicy;
  collectorOffsetUs: () => number | undefined;
}

export class Watches implements AsyncDisposable {
  readonly #options: WatchesOptions;
  readonly #running = new Map<string, RunningWatch>();
  readonly #startedUs: number;
  #onProbe: ((sample: ProbeSample) => void) | undefined;

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#startedUs = options.clock.boottimeUs();
  }

  /** Those of the file go on; new ones begin as they are accepted. Never rejects. */
  async start(onProbe: (sample: ProbeSample) => void): Promise<void> {
    this.#onProbe = onProbe;
    let dropped = 0;
    for (const kept of this.#read()) {
      try {
        await readStatement('offer', kept.offer, publicJwk(this.#options.key));
        this.#begin(kept);
      } catch (error) {
        this.#ended(kept, `it cannot go on: ${(error as Error).message}`);
        dropped += 1;
      }
    }
    if (dropped > 0) this.#tryWrite();
  }

  /** By the collector's clock where it is known: a host's own may be years off. */
  nowSeconds(): number {
    const { clock, collectorOffsetUs } = this.#options;
    const offsetUs = collectorOffsetUs();
    return offsetUs === undefined ? wallSeconds({ clock }) : Math.floor((clock.boottimeUs() + offsetUs) / 1e6);
  }

  /** Throws Refusal. */
  requireRoom(id: string): void {
    const all = [...this.#running.values()];
    if (all.some(({ parameters }) => parameters.id === id))
      throw new Refusal('malformed', 'This watch is there already.');
    if (all.length >= mostWatches) throw new Refusal('too-many', `${mostWatches} watches are kept at most.`);
  }

  /** Throws when it cannot be kept; then it does not begin. */
  accept(kept: KeptWatch): void {
    this.#begin(kept);
    try {
      this.#write();
    } catch (error) {
      this.#running.get(kept.requestId)?.stop.abort();
      this.#running.delete(kept.requestId);
      throw error;
    }
  }

  /** False = there is none of that request. */
  cancel(requestId: string): boolean {
    const watch = this.#running.get(requestId);
    if (watch) this.#end(watch, 'stopped from the dashboard');
    return watch !== undefined;
  }

  /** They go on when the agent starts again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#running.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ ended }) => ended));
  }

  /** Throws ToolRefusal and StatementError for what the file must not say. */
  #begin(kept: KeptWatch): void {
    const { action } = peekStatement('offer', kept.offer);
    if (action.kind !== 'run-tool') throw new Error('its offer is of something else');
    const request = parseToolRequest(action.tool, action.parameters);
    const address = parseAddress(action.addresses[0] ?? '');
    if (request.tool !== 'watch' || !address) throw new Error('its offer is of something else');
    const stop = new AbortController();
    const watch: RunningWatch = { ...kept, parameters: request.parameters, address, stop, ended: Promise.resolve() };
    this.#running.set(kept.requestId, watch);
    watch.ended = watchOver({
      ...{ parameters: request.parameters, address, clock: this.#options.clock, signal: stop.signal },
      onProbe: (sample) => this.#onProbe?.(sample),
      mayProbe: this.#reviewer(watch),
    });
  }

  /** Ends the watch where it may not go on. */
  #reviewer(watch: RunningWatch): () => boolean {
    const { clock, policy, guard } = this.#options;
    let reviewedUs = -Infinity;
    return () => {
      if (this.#isOver(watch)) return this.#end(watch, 'its time is over');
      if (clock.boottimeUs() - reviewedUs < reviewUs) return true;
      reviewedUs = clock.boottimeUs();
      if (!allowedBy(policy()).includes('probe')) return this.#end(watch, 'the host’s file does not allow it any more');
      const use = useOf({ tool: 'watch', parameters: watch.parameters });
      const refusal = use ? guard.refusalOf(watch.address, use) : '';
      return refusal === '' || this.#end(watch, refusal);
    };
  }

  #isOver({ parameters }: RunningWatch): boolean {
    const { clock, collectorOffsetUs } = this.#options;
    const mayTell = collectorOffsetUs() !== undefined || clock.boottimeUs() - this.#startedUs > clockWaitUs;
    return mayTell && parameters.expiresAt <= this.nowSeconds();
  }

  #end(watch: RunningWatch, why: string): false {
    watch.stop.abort();
    this.#running.delete(watch.requestId);
    this.#ended(watch, why);
    this.#tryWrite();
    return false;
  }

  #tryWrite(): void {
    try {
      this.#write();
    } catch (error) {
      this.#options.log.error(
        { event: 'watches-not-written', error: String(error) },
        'The file of watches cannot be written.',
      );
    }
  }

  #ended({ requestId, operator }: KeptWatch, why: string): void {
    const { journal, log } = this.#options;
    journal.record('watch-ended', { request: requestId, operator: operator.name, why });
    log.info({ event: 'watch-ended', request: requestId, why }, 'A watch has ended.');
  }

  #write(): void {
    const watches = [...this.#running.values()].map(({ requestId, offer, operator }) => ({
      requestId,
      offer,
      operator,
    }));
    replacePrivateFile(this.#options.path, `${JSON.stringify({ version: 1, watches }, undefined, 1)}\n`);
  }

  /** What cannot be read is not believed: then there is none. */
  #read(): KeptWatch[] {
    const { path, log } = this.#options;
    try {
      const text = readPrivateFile(path, mostFileBytes);
      return text === undefined ? [] : parseKept(text);
    } catch (error) {
      log.error(
        { event: 'watches-not-read', error: String(error) },
        'The file of watches cannot be read; none goes on.',
      );
      return [];
    }
  }
}

function parseKept(text: string): KeptWatch[] {
  const { version, watches } = JSON.parse(text) as { version?: unknown; watches?: unknown };
  if (version !== 1 || !Array.isArray(watches)) throw new Error('it is no list of watches of version 1');
  return (watches as Partial<KeptWatch>[]).slice(0, mostWatches).map(({ requestId, offer, operator }) => {
    const isWhole =
      /^[0-9a-f]{32}$/.test(String(requestId)) &&
      typeof offer === 'string' &&
      typeof operator?.name === 'string' &&
      typeof operator.thumbprint === 'string';
    if (!isWhole) throw new Error('one of its watches is not whole');
    return { requestId: requestId!, offer, operator: operator! };
  });
}

function publicJwk({ privateKey }: HostKey): PublicJwk {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x: x! };
}
