// The control lane: which hosts can be commanded now, and where their frames go; who may sign and the audit's head go the other way.
import type { AgentFrame } from '@foretop/proto';
import type { Logger } from 'pino';
import type { HeadSigner } from '../audit/head.ts';
import type { Store } from '../store/database.ts';
import { type CommandDesk, openCommandDesk } from './desk.ts';
import { Exchange, type ExchangeOptions } from './exchange.ts';
import { createHeads } from './heads.ts';
import type { ControlLane, ControlLink } from './link.ts';
import { Strays } from './strays.ts';
import type { ToolLane, ToolLaneParts } from './tool-lane.ts';
import type { TrustSource } from './trust-source.ts';

const headsEveryMs = 600_000;
/** For the last head before a stop, while the database may be slow. */
const farewellMs = 1_000;

export interface Control<Tools extends ToolLane> extends ControlLane, AsyncDisposable {
  readonly desk: CommandDesk;
  readonly tools: Tools;
  counters(): Record<string, number>;
}

export interface ControlOptions<Tools extends ToolLane> extends Pick<
  ExchangeOptions,
  'offerTimeoutMs' | 'receiptTimeoutMs'
> {
  store: Pick<Store, 'db'>;
  signer: HeadSigner;
  trust: TrustSource;
  openTools: (parts: ToolLaneParts) => Promise<Tools>;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
  /** Monotonic milliseconds. */
  monotonic?: () => number;
}

export async function openControl<Tools extends ToolLane>(options: ControlOptions<Tools>): Promise<Control<Tools>> {
  const { store, signer, trust, log, now = Date.now, monotonic = () => performance.now() } = options;
  const links = new Map<number, ControlLink>();
  const strays = new Strays(monotonic);
  const heads = createHeads({ db: store.db, signer, strays, log, now, monotonic });
  const exchange = new Exchange({
    ...options,
    linkOf: (hostId) => links.get(hostId),
    strays,
    now: monotonic,
    onLate: (link, wireId, receipt) =>
      void Promise.all([desk, tools].map((one) => one.late(link, wireId, receipt))).catch((error: Error) => {
        log.warn({ event: 'late-receipt-unrecorded', hostId: link.hostId, error: error.message });
      }),
  });
  const onRecorded = (hostId: number): void => {
    const link = links.get(hostId);
    if (link) void heads.send(link);
  };
  const desk = await openCommandDesk({
    ...{ store, exchange, log, now, monotonic, onRecorded },
    keyThumbprint: signer.key.thumbprint,
  });
  const tools = await options.openTools({
    ...{ store, exchange, strays, log, now, monotonic, onRecorded, linkOf: (hostId) => links.get(hostId) },
    keyThumbprint: signer.key.thumbprint,
    receiptTimeoutMs: options.receiptTimeoutMs,
  });
  const sendHeads = () => Promise.all([...links.values()].map((link) => heads.send(link)));
  const stopListening = trust.onChange(() => {
    for (const link of links.values()) link.send({ trust: trust.current() });
  });
  const timer = setInterval(() => void sendHeads(), headsEveryMs).unref();

  return {
    ...{ desk, tools },
    connected(link) {
      links.set(link.hostId, link);
      link.send({ trust: trust.current() });
      void heads.send(link);
      tools.connected(link).catch((error: Error) => {
        log.warn({ event: 'watches-not-stopped', hostId: link.hostId, error: error.message });
      });
    },
    disconnected(link) {
      if (links.get(link.hostId) === link) links.delete(link.hostId);
      strays.forget(link);
      heads.forget(link);
      exchange.disconnected(link);
    },
    frame(link, frame: AgentFrame) {
      if (frame.offer) exchange.answered(link, frame.offer);
      else if (frame.progress) exchange.progressed(link, frame.progress);
      else if (frame.receipt) exchange.receipted(link, frame.receipt);
      else if (frame.toolOutput) exchange.said(link, frame.toolOutput);
      else if (frame.auditHead) void heads.received(link, frame.auditHead.head ?? '');
    },
    async farewell() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const patience = setTimeout(resolve, farewellMs);
      await Promise.race([sendHeads(), late]);
      clearTimeout(patience);
    },
    counters: () => ({
      hosts: links.size,
      strays_total: strays.count,
      ...heads.counters(),
      ...desk.counters(),
      ...tools.counters(),
    }),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stopListening();
      await desk[Symbol.asyncDispose]();
      await tools[Symbol.asyncDispose]();
    },
  };
}
