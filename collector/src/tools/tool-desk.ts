// Where runs of tools pass: asked of several hosts at once, offered by each, signed, followed to the receipt; bounded and recorded.
import { randomBytes } from 'node:crypto';
import type { ToolRunSigned } from '@foretop/proto/api';
import { type ToolRequest, toolSeconds } from '@foretop/proto/tools';
import { CommandError } from '../command/errors.ts';
import { cancelOn, type Exchange, readReceipt } from '../command/exchange.ts';
import type { HeldOffer } from '../command/held-offer.ts';
import { unknownOffer } from '../command/open-offers.ts';
import { Rate } from '../command/rate.ts';
import type { Operator } from '../command/record.ts';
import { checkSignature, type GivenSignature } from '../command/signature.ts';
import type { ToolLane, ToolLaneParts } from '../command/tool-lane.ts';
import { cleanText } from '../store/host-text.ts';
import {
  changeToolRunHost,
  endToolRuns,
  expireToolOffers,
  findUnreceiptedTool,
  loseToolRuns,
  type NewToolRunHost,
} from '../store/queries/tool-runs.ts';
import { stopWatch, toldToStop, watchesToStop } from '../store/queries/tool-watches.ts';
import { Bell } from './bell.ts';
import { requireCaptureRoom } from './capture-room.ts';
import { EventWriter } from './event-writer.ts';
import { type OpenPart, OpenParts } from './open-parts.ts';
import { OutputIntake, RunTally } from './output-intake.ts';
import { PacketIntake } from './packet-intake.ts';
import { PacketWriter } from './packet-writer.ts';
import { createRunRecord, type Part } from './run-record.ts';
import { summaryOf, targetOf } from './target.ts';

/** Looking is cheap beside acting, and people look from many hosts at once; the hosts have bounds of their own. */
const rates = { runsPerMinute: 30, hostsPerMinute: 300 };
const mostRunning = { own: 128, all: 1_024 };
const sweepMs = 5_000;
/** For the way there and back, beyond what the tool may take. */
const receiptSlackMs = 20_000;

/** A host that is not asked, with the reason. */
export interface NotAsked {
  hostId: number;
  code: string;
  detail: string;
}

export interface WantedRun {
  request: ToolRequest;
  hostIds: readonly number[];
  notAsked: readonly NotAsked[];
}

export interface OfferedPart {
  requestId: string;
  hostId: number;
  offer: HeldOffer;
  expiresAt: Date;
}

export interface StoppedWatch {
  requestId: string;
  runId: string;
  hostId: number;
  wireId: string | null;
  summary: string;
}

/** Methods throw CommandError for what a person can be told, and let nothing happen that they could not record. */
export interface ToolDesk extends ToolLane {
  /** Asks all of the hosts at once; one that refuses is part of the run. */
  ask(by: Operator, wanted: WantedRun): Promise<{ runId: string; offers: OfferedPart[] }>;
  /** Sends what is signed rightly; the rest is told, and stands. Does not wait for receipts. */
  sign(
    by: Operator,
    runId: string,
    signatures: readonly { requestId: string; signature: GivenSignature }[],
  ): Promise<ToolRunSigned['faults']>;
  /** Tells these hosts to stop, and drops their offers that wait. */
  cancel(by: Operator, parts: readonly Part[]): Promise<void>;
  /** False: it was stopped before. */
  stopWatch(by: Operator, watch: StoppedWatch): Promise<boolean>;
  /** Resolves when there is something new of a run, or with the abort. Ask before looking. */
  changed(runId: string, signal: AbortSignal): Promise<void>;
}

interface Running extends OpenPart {
  tally: RunTally;
}

export async function openToolDesk(options: ToolLaneParts): Promise<ToolDesk> {
  const { exchange, linkOf, strays, keyThumbprint, log, onRecorded, now, monotonic } = options;
  const { db } = options.store;
  const record = createRunRecord(db, now);
  const bell = new Bell();
  const writer = new EventWriter({ db, bell, log });
  const packetWriter = new PacketWriter({ db, bell, log, now });
  const open = new OpenParts(monotonic);
  const running = new Map<string, Running>();
  const tallies = new Map<string, { tally: RunTally; parts: number }>();
  const carrying = new Set<Promise<void>>();
  const runs = new Rate<string>(rates.runsPerMinute, monotonic);
  const hosts = new Rate<string>(rates.hostsPerMinute, monotonic);
  const counts = { runs: 0, offers: 0, refused: 0, signed: 0, ended: 0, lost: 0, late: 0, invalid: 0, broken: 0 };

  for (const { summary, ...lost } of await loseToolRuns(db, keyThumbprint, new Date(now()))) {
    if (lost.status !== 'lost') continue;
    const more = { requestId: lost.requestId, said: 'The collector was started anew.' };
    await record.note({ actor: 'collector' }, { ...lost, summary }, 'tool.lost', more, 'failed');
  }

  const endRuns = async (runIds: readonly string[]): Promise<void> => {
    await endToolRuns(db, runIds, new Date(now()));
    for (const runId of runIds) bell.ring(runId);
  };
  const sweep = async (): Promise<void> => {
    const over = open.expired();
    if (over.length === 0) return;
    await expireToolOffers(db, over, new Date(now()))
      .then(endRuns)
      .catch((error: Error) => log.warn({ event: 'tool-offers-not-expired', error: error.message }));
  };
  let sweeping = Promise.resolve();
  const timer = setInterval(() => (sweeping = sweeping.then(sweep)), sweepMs).unref();

  const requireRoom = (by: Operator, hostCount: number): void => {
    const own = [...running.values()].filter((entry) => entry.by.actor === by.actor).length;
    if (own + hostCount > mostRunning.own || running.size + hostCount > mostRunning.all || !open.hasRoomFor(hostCount))
      throw new CommandError('too-many', 'Too many tools are under way already. Wait for some to end, or cancel them.');
    if (!runs.take(by.actor))
      throw new CommandError('too-many', `At most ${rates.runsPerMinute} runs a minute can be asked for.`);
    for (let count = 0; count < hostCount; count++) {
      if (!hosts.take(by.actor))
        throw new CommandError('too-many', `At most ${rates.hostsPerMinute} hosts a minute can be asked.`);
    }
  };

  const askHost = async (by: Operator, hostId: number, request: ToolRequest): Promise<HeldOffer | NotAsked> => {
    const runTool = { tool: request.tool, parameters: JSON.stringify(request.parameters) };
    try {
      const offer = await exchange.ask(hostId, cleanText(by.actor, 255), { runTool });
      counts.offers++;
      return offer;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      counts.refused++;
      return { hostId, code: error.refusal ?? error.code, detail: error.message };
    }
  };

  /** The tally lives as long as a part of its run does. */
  const tallyOf = (runId: string): RunTally => {
    const entry = tallies.get(runId) ?? { tally: new RunTally(runId), parts: 0 };
    entry.parts++;
    tallies.set(runId, entry);
    return entry.tally;
  };
  const leaveTally = (runId: string): void => {
    const entry = tallies.get(runId);
    if (entry && --entry.parts === 0) tallies.delete(runId);
  };

  /** Sends it and records what comes. Never throws. */
  const carryOut = async (entry: Running, frame: Parameters<Exchange['send']>[1]): Promise<void> => {
    const { by, part, request, offer, tally } = entry;
    const stream = packetWriter.open(part);
    const packets = request.tool === 'capture' ? new PacketIntake(request.parameters, packetWriter, stream) : undefined;
    const intake = new OutputIntake({ tally, ...part, tool: request.tool, writer, packets, now });
    let isStopped = false;
    const output: NonNullable<Parameters<Exchange['send']>[2]['output']> = (said, link) => {
      const fault = intake.take(said, link);
      if (fault !== undefined) {
        counts.invalid++;
        strays.add(link, `a tool's output that is not valid: ${fault}`);
      }
      if (packets?.fault === undefined || isStopped) return;
      isStopped = true;
      counts.broken++;
      log.warn({ event: 'capture-broken', requestId: part.requestId, hostId: part.hostId, why: packets.fault });
      cancelOn(link, offer.wireId);
    };
    const receiptTimeoutMs = options.receiptTimeoutMs ?? toolSeconds(request) * 1_000 + receiptSlackMs;
    try {
      const receipt = await exchange.send(offer, frame, { progress: [], output, receiptTimeoutMs });
      counts.ended++;
      // First what it said, then that it has ended.
      await Promise.all([writer.flush(), packetWriter.flush(stream)]);
      await record.ended(by, part, offer.hash, receipt, packets?.fault);
    } catch (error) {
      if (error instanceof CommandError) {
        counts.lost++;
        await packetWriter.flush(stream);
        const link = linkOf(offer.hostId);
        if (error.code === 'outcome-unknown' && link) cancelOn(link, offer.wireId);
        await record.lost(by, part, error).catch((cause: Error) => unrecorded(part, cause));
      } else unrecorded(part, error as Error);
    } finally {
      running.delete(part.requestId);
      leaveTally(part.runId);
      bell.ring(part.runId);
      onRecorded(part.hostId);
    }
  };
  const unrecorded = (part: Part, err: Error) =>
    log.error({ event: 'tool-unrecorded', requestId: part.requestId, err });

  const signOne = async (
    by: Operator,
    runId: string,
    { requestId, signature }: { requestId: string; signature: GivenSignature },
  ): Promise<void> => {
    const held = open.find(by, runId, requestId);
    if (held === undefined) throw unknownOffer();
    const { offer, part } = held;
    const { frame, signer } = checkSignature(signature, offer);
    exchange.linkFor(offer);
    // From here on nobody can use this offer again, whatever comes of it.
    if (!open.take(requestId)) throw unknownOffer();
    if (!(await record.signed(by, part, offer.hash, signer))) throw unknownOffer();
    counts.signed++;
    const entry = { ...held, tally: tallyOf(runId) };
    running.set(requestId, entry);
    const work = carryOut(entry, frame).finally(() => carrying.delete(work));
    carrying.add(work);
  };

  return {
    async ask(by, { request, hostIds, notAsked }) {
      requireRoom(by, hostIds.length);
      if (request.tool === 'capture') await requireCaptureRoom(db, request.parameters, hostIds.length, now());
      const [runId, summary] = [newId(), summaryOf(request)];
      const answers = await Promise.all(hostIds.map((hostId) => askHost(by, hostId, request)));
      counts.runs++;
      const offers: OfferedPart[] = [];
      const watch =
        request.tool === 'watch'
          ? { id: request.parameters.id, until: new Date(request.parameters.expiresAt * 1_000) }
          : null;
      const rows = [...answers, ...notAsked].map((answer): NewToolRunHost => {
        // One that offered knows its part by the same id: packets are sealed for that.
        const requestId = 'text' in answer ? answer.wireId : newId();
        const common = { requestId, hostId: answer.hostId, watch };
        if (!('text' in answer)) {
          const { code, detail } = answer;
          return { ...common, status: 'refused', wireId: null, offerHash: null, code, detail };
        }
        const expiresAt = new Date(now() + answer.expiresMs - monotonic());
        offers.push({ requestId, hostId: answer.hostId, offer: answer, expiresAt });
        return { ...common, status: 'offered', wireId: answer.wireId, offerHash: answer.hash, code: '', detail: '' };
      });
      const createdAt = new Date(now());
      const endedAt = offers.length === 0 ? createdAt : null;
      const run = { runId, request, target: targetOf(request), operator: by.actor, relayedBy: keyThumbprint };
      await record.asked(by, { ...run, createdAt, endedAt }, rows, summary);
      for (const { requestId, hostId, offer } of offers)
        open.hold({ by, part: { runId, requestId, hostId, summary }, request, offer });
      return { runId, offers };
    },
    async sign(by, runId, signatures) {
      const faults: ToolRunSigned['faults'] = [];
      await Promise.all(
        signatures.map(async (given) => {
          try {
            await signOne(by, runId, given);
          } catch (error) {
            if (!(error instanceof CommandError)) throw error;
            faults.push({ requestId: given.requestId, code: error.refusal ?? error.code, detail: error.message });
          }
        }),
      );
      bell.ring(runId);
      return faults;
    },
    async cancel(by, parts) {
      for (const part of parts) {
        const entry = running.get(part.requestId);
        if (!entry && !open.take(part.requestId)) continue;
        await record.note(by, part, 'tool.cancel');
        if (entry) exchange.cancel(entry.offer);
        else {
          const changes = { status: 'expired', ended_at: new Date(now()), detail: 'Withdrawn.' } as const;
          await changeToolRunHost(db, part.requestId, ['offered'], changes);
        }
      }
      await endRuns([...new Set(parts.map(({ runId }) => runId))]);
    },
    async stopWatch(by, { requestId, runId, hostId, wireId, summary }) {
      const isStopped = await db.transaction().execute(async (transaction) => {
        const changed = await stopWatch(transaction, requestId, new Date(now()));
        if (changed) await createRunRecord(transaction, now).note(by, { runId, hostId, summary }, 'tool.watch-stop');
        return changed;
      });
      const link = linkOf(hostId);
      if (link && wireId !== null) {
        cancelOn(link, wireId);
        await toldToStop(db, [requestId], new Date(now()));
      }
      onRecorded(hostId);
      return isStopped;
    },
    async late(link, wireId, text) {
      const row = await findUnreceiptedTool(db, link.hostId, wireId);
      if (row?.offer_hash == null) return;
      const receipt = await readReceipt(text, link, row.offer_hash).catch(() => undefined);
      if (receipt === undefined) return;
      const part = { runId: row.run_id, requestId: row.request_id, hostId: row.host_id };
      const summary = `${row.tool} ${row.target}`;
      if (await record.ended({ actor: row.operator }, { ...part, summary }, row.offer_hash, receipt)) counts.late++;
      bell.ring(row.run_id);
      onRecorded(link.hostId);
    },
    /** Tells it which watches it is to end. */
    async connected(link) {
      const stopped = await watchesToStop(db, link.hostId, new Date(now()));
      for (const { wireId } of stopped) cancelOn(link, wireId);
      if (stopped.length > 0)
        await toldToStop(
          db,
          stopped.map(({ requestId }) => requestId),
          new Date(now()),
        );
    },
    changed: (runId, signal) => bell.next(runId, signal),
    counters: () => ({
      tools_open: open.size,
      tools_running: running.size,
      tool_runs_followed: bell.size,
      tool_runs_total: counts.runs,
      tool_offers_total: counts.offers,
      tool_offers_refused_total: counts.refused,
      tools_signed_total: counts.signed,
      tools_ended_total: counts.ended,
      tools_lost_total: counts.lost,
      tool_late_receipts_total: counts.late,
      tool_outputs_invalid_total: counts.invalid,
      captures_broken_total: counts.broken,
      ...packetWriter.counters(),
    }),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      // First the writer: what is carried out waits for it, and it for a database that may not answer.
      const writers = [writer[Symbol.asyncDispose](), packetWriter[Symbol.asyncDispose]()];
      await Promise.allSettled([...writers, sweeping, ...carrying]);
      await writer.flush();
    },
  };
}

const newId = (): string => randomBytes(16).toString('hex');
