// What the trust stage writes down, and the signed heads by which others can see that nothing was cut off.
import { signStatement } from '@foretop/proto/trust';
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../host/clock.ts';
import { type AuditChain, openAuditChain } from './audit-chain.ts';
import type { AuditDetail, AuditEvent } from './audit-entry.ts';
import { wallSeconds } from './describe-process.ts';
import { Rate } from './rate.ts';

export interface HostKey {
  privateKey: KeyObject;
  /** RFC 7638. */
  thumbprint: string;
}

export interface JournalOptions {
  path: string;
  key: HostKey;
  clock: Clock;
  log: Logger;
}

/** What anybody can cause without a signature must not push out what counts. */
const mostUnverified = 30;

export class AuditJournal implements Disposable {
  readonly #options: JournalOptions;
  #opened: AuditChain | undefined;
  readonly #unverified: Rate;
  #leftOut = 0;
  #isFailing = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#unverified = new Rate(mostUnverified, options.clock);
  }

  /** Throws when it cannot be written: what must be in the audit is not done then. */
  require(event: AuditEvent, detail: AuditDetail): void {
    this.#chain().append(event, this.#leftOut > 0 ? { ...detail, leftOut: this.#leftOut } : detail);
    this.#leftOut = 0;
  }

  /** Never throws. */
  record(event: AuditEvent, detail: AuditDetail): void {
    try {
      this.require(event, detail);
      this.#isFailing = false;
    } catch (error) {
      this.#leftOut += 1;
      if (!this.#isFailing)
        this.#options.log.error({ event: 'audit-not-written', error: String(error) }, 'The audit cannot be written.');
      this.#isFailing = true;
    }
  }

  /** What anybody can cause: beyond a rate it is only counted, and the next entry says how many. Never throws. */
  note(event: AuditEvent, detail: AuditDetail): void {
    if (this.#unverified.take()) this.record(event, detail);
    else this.#leftOut += 1;
  }

  /** The end of the chain, signed; into the log too, so that the host's journal keeps it. undefined before the first entry. */
  async head(): Promise<string | undefined> {
    const last = this.#opened?.last();
    if (last === undefined) return undefined;
    const { key, log } = this.#options;
    const claims = {
      iss: key.thumbprint,
      sequence: last.sequence,
      hash: last.hash,
      iat: wallSeconds(this.#options),
    };
    const head = await signStatement('auditHead', claims, key.privateKey, key.thumbprint);
    log.info({ event: 'audit-head', sequence: last.sequence, head }, 'The audit of this host ends here.');
    return head;
  }

  [Symbol.dispose](): void {
    this.#opened?.[Symbol.dispose]();
  }

  /** Opened with the first entry: a full disk must not keep the agent from looking at its host. */
  #chain(): AuditChain {
    const { path } = this.#options;
    const now = () => new Date(wallSeconds(this.#options) * 1_000);
    return (this.#opened ??= openAuditChain({ path, now }));
  }
}
