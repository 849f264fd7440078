// What others may make this host do: asks become offers, signed offers become acts, and all of it is written down.
import { join } from 'node:path';
import type { CollectorFrame, HostPolicy, TrustUpdate } from '@foretop/proto';
import { refusals } from '@foretop/proto/trust';
import type { Logger } from 'pino';
import type { Clock } from '../host/clock.ts';
import { createPortableClock } from '../host/portable/clock.ts';
import { openLinuxTargets } from '../host/targets.linux.ts';
import type { TargetHost } from '../host/targets.ts';
import { ownConnectionsOf } from '../tools/capture/own-connections.ts';
import { openGuard } from '../tools/guard/guard.ts';
import type { ProbeSample } from '../tools/watch/watcher.ts';
import { AuditJournal, type HostKey } from './audit-journal.ts';
import { CommandDesk } from './command-desk.ts';
import { wallSeconds } from './describe-process.ts';
import { actCapability, type Answer, type Desk } from './desk.ts';
import type { NameOf } from './draft.ts';
import { trustFiles } from './files.ts';
import { type KeptHeads, openKeptHeads } from './kept-heads.ts';
import { OfferDesk } from './offer-desk.ts';
import { Offers } from './offers.ts';
import { allowedBy, weakestSigner, withheldBy } from './policy.ts';
import { type FoundPolicy, readHostPolicy } from './policy-file.ts';
import { Rate } from './rate.ts';
import type { TerminateTimes } from './terminate.ts';
import { openTrustStore, type TokenPins, type TrustNews, type TrustStore } from './trust-store.ts';
import { Watches } from './watches.ts';

export interface TrustOptions {
  /** The agent's private folder. */
  directory: string;
  /** undefined = the host's own, which only root can have written; of another one this process's user may be the owner too. */
  ceilingFile?: string | undefined;
  identity: HostKey;
  log: Logger;
  /** Processes of the agent beside this one and its parent. */
  ownPids?: () => readonly number[];
  /** undefined = captures do not know it. */
  collectorUrl?: string;
  /** The collector's clock minus boottime; undefined = not known yet. */
  collectorOffsetUs?: () => number | undefined;
  nameOf?: NameOf;
  /** Stand-in for the host, and shorter waits, in tests. */
  host?: TargetHost;
  times?: Partial<TerminateTimes>;
}

export interface Trust extends AsyncDisposable {
  /** As it stands now; for the collector and for people, never to decide by. */
  policy(): HostPolicy;
  /** Names of what the host's file says is not to be collected: "command-lines", "dns", "server-names". */
  withheld(): string[];
  /** Of the token with which the host was enrolled. Keys that are pinned already stay. Never throws. */
  pins(pins: TokenPins): void;
  /** A connection to a collector that knows of commands: receipts that the one before did not take go out, and the audit's head. */
  opened(answer: Answer): void;
  /** From now on watches measure: those that go on, and those that are accepted. */
  watch(onProbe: (sample: ProbeSample) => void): void;
  /** The agent stops: tools under way are cancelled, and say so. */
  stopTools(): Promise<void>;
  /** An offerRequest, command, cancel, trust or auditHead. Answers come later, any number of them. Never throws. */
  handle(frame: CollectorFrame, answer: Answer): void;
}

const mostWaiting = 16;
/** Offers of tools whose names are being looked up. */
const mostAside = 8;
const mostUpdatesAMinute = 30;
const mostHeadsAMinute = 12;
const expireMs = 10_000;

/** Never fails for what is in its files: what cannot be read is not believed, and what cannot be written is not done. */
export async function openTrust(options: TrustOptions): Promise<Trust> {
  const { directory, identity, log } = options;
  const host = options.host ?? (process.platform === 'linux' ? openLinuxTargets() : undefined);
  const clock = host?.clock ?? createPortableClock();
  const onTrouble = (error: Error) =>
    log.error({ event: 'trust-file', error: error.message }, 'What this host trusts cannot be read or kept.');
  const path = join(directory, trustFiles.trust);
  const store = await openTrustStore({ path, clock, bootId: host?.bootId ?? '', onTrouble });
  const journal = new AuditJournal({ path: join(directory, trustFiles.audit), key: identity, clock, log });
  const heads = openKeptHeads(join(directory, trustFiles.heads), () => new Date(wallSeconds({ clock }) * 1_000));
  return new HostTrust(options, { host, clock, store, journal, heads });
}

interface Parts {
  host: TargetHost | undefined;
  clock: Clock;
  store: TrustStore;
  journal: AuditJournal;
  heads: KeptHeads;
}

class HostTrust implements Trust {
  readonly #options: TrustOptions;
  readonly #parts: Parts;
  readonly #offers: Offers;
  readonly #desks: { offers: OfferDesk; commands: CommandDesk; watches: Watches } | undefined;
  readonly #updates: Rate;
  /** Heads that come, and heads that go out beside those that end a command. */
  readonly #heads: Rate;
  /** Words about what was not looked at. */
  readonly #drops: Rate;
  readonly #expiry: NodeJS.Timeout;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  readonly #aside = new Set<Promise<void>>();

  constructor(options: TrustOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    const { host, clock, journal } = parts;
    this.#offers = new Offers(clock);
    this.#updates = new Rate(mostUpdatesAMinute, clock);
    this.#heads = new Rate(mostHeadsAMinute, clock);
    this.#drops = new Rate(1, clock);
    if (host) {
      const desk = this.#desk(host);
      this.#desks = { offers: new OfferDesk(desk), commands: new CommandDesk(desk), watches: desk.watches };
    }
    const { allow, source, exists } = this.#found();
    journal.record('started', { allow, source });
    if (source.startsWith('unsafe') || (!exists && options.ceilingFile !== undefined))
      options.log.warn({ event: 'ceiling-not-believed', source }, 'The host’s ceiling counts as "observe".');
    this.#expiry = setInterval(() => this.#offers.expire(), expireMs).unref();
  }

  policy(): HostPolicy {
    const found = this.#found();
    const { owner, recovery, serial, expires } = this.#parts.store.summary();
    return {
      allowed: allowedBy(found),
      weakestSigner: weakestSigner(found, actCapability),
      labels: [...found.labels],
      networks: [...found.networks],
      ownerThumbprint: owner,
      recoveryThumbprint: recovery,
      rosterSerial: serial,
      rosterExpiresUs: expires * 1e6,
      source: found.source,
      updatesAllowed: found.updates,
      privilegeSplit: false,
      withheld: withheldBy(found),
    };
  }

  withheld(): string[] {
    return withheldBy(this.#found());
  }

  pins(pins: TokenPins): void {
    this.#write(this.#parts.store.pin(pins));
  }

  opened(answer: Answer): void {
    this.#desks?.commands.deliver(answer);
    this.#inTurn(() => this.#sendHead(answer));
  }

  watch(onProbe: (sample: ProbeSample) => void): void {
    void this.#desks?.watches.start(onProbe);
  }

  async stopTools(): Promise<void> {
    await this.#desks?.commands.stopTools('the agent was stopped');
  }

  handle(frame: CollectorFrame, answer: Answer): void {
    const { offerRequest, command, cancel, trust, auditHead } = frame;
    if (offerRequest) {
      const work = () => this.#desks?.offers.answer(offerRequest, answer);
      if (!this.#desks || !(offerRequest.runTool ? this.#asideOf(work) : this.#inTurn(work))) {
        const code = this.#desks ? 'too-many' : 'not-supported';
        answer({ offer: { requestId: offerRequest.requestId, refusal: { code, detail: refusals[code] } } });
      }
    } else if (cancel) this.#inTurn(() => this.#desks?.commands.cancel(cancel));
    else if (command) this.#inTurn(() => this.#desks?.commands.take(command, answer));
    else if (trust) this.#inTurn(() => this.#update(trust, answer));
    else if (auditHead) this.#inTurn(() => this.#keepHead(auditHead.head ?? ''));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#expiry);
    await this.#last;
    await Promise.all(this.#aside);
    await this.stopTools();
    await this.#desks?.watches[Symbol.asyncDispose]();
    await this.#desks?.commands.interrupt();
    this.#offers[Symbol.dispose]();
    this.#parts.journal[Symbol.dispose]();
  }

  /** One after another, in the order in which they came: a roster counts for the command behind it. False = too many wait. */
  #inTurn(work: () => unknown): boolean {
    if (this.#waiting >= mostWaiting) {
      if (this.#drops.take())
        this.#options.log.warn({ event: 'commands-dropped' }, 'More came from the collector than is looked at.');
      return false;
    }
    this.#waiting += 1;
    this.#last = this.#last
      .then(work)
      .catch((error: unknown) =>
        this.#options.log.error({ event: 'trust-failed', error: String(error) }, 'A frame could not be handled.'),
      )
      .then(() => void (this.#waiting -= 1));
    return true;
  }

  /** What waits for the network does not keep others waiting. False = too many do. */
  #asideOf(work: () => Promise<void> | undefined): boolean {
    if (this.#aside.size >= mostAside) return false;
    const one: Promise<void> = Promise.resolve(work()).finally(() => this.#aside.delete(one));
    this.#aside.add(one);
    return true;
  }

  async #update({ roster, ownerChanges }: TrustUpdate, answer: Answer): Promise<void> {
    if (!this.#updates.take()) return;
    const changes = { roster: roster ?? '', ownerChanges: ownerChanges ?? [] };
    for (const news of await this.#parts.store.update(changes)) this.#write(news);
    await this.#sendHead(answer);
  }

  async #sendHead(answer: Answer): Promise<void> {
    const head = this.#heads.take() ? await this.#parts.journal.head() : undefined;
    if (head !== undefined) answer({ auditHead: { head } });
  }

  #keepHead(head: string): void {
    if (!this.#heads.take() || !this.#parts.heads.keep(head)) return;
    this.#options.log.info({ event: 'collector-audit-head', head }, 'The audit of the collector ends here.');
  }

  #write(news: TrustNews | undefined): void {
    if (!news) return;
    const { log } = this.#options;
    const isRefusal = news.event.endsWith('-refused');
    if (isRefusal) this.#parts.journal.note(news.event, news.detail);
    else this.#parts.journal.record(news.event, news.detail);
    log[isRefusal ? 'warn' : 'info']({ event: news.event, ...news.detail }, 'Whom this host trusts.');
  }

  #found(): FoundPolicy {
    return readHostPolicy(this.#options.ceilingFile);
  }

  #desk(host: TargetHost): Desk {
    const { identity, log, ownPids, collectorUrl, collectorOffsetUs, nameOf, times, directory } = this.#options;
    const { store, journal } = this.#parts;
    const guard = openGuard({ networks: () => this.#found().networks });
    const watches = new Watches({
      ...{ path: join(directory, trustFiles.watches), key: identity, clock: host.clock, journal, log, guard },
      policy: () => this.#found(),
      collectorOffsetUs: () => collectorOffsetUs?.(),
    });
    return {
      ...{ guard, watches },
      ownConnections: () => ownConnectionsOf(ownPids?.() ?? [], collectorUrl),
      ...{ host, key: identity, journal, log, offers: this.#offers },
      policy: () => this.#found(),
      roster: () => store.roster(),
      own: () => new Set([process.pid, process.ppid, ...(ownPids?.() ?? [])]),
      collectorOffsetUs: () => collectorOffsetUs?.(),
      nameOf: nameOf ?? (() => ''),
      times: times ?? {},
    };
  }
}
