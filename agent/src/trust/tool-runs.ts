// Tools that are under way: what they say goes to the collector, and anybody there may stop them.
import type { EndedEvent, ToolName } from '@foretop/proto/tools';
import { ToolOutputs } from '../tools/output.ts';
import { type PreparedTool, runTool } from '../tools/run-tool.ts';
import { requireAllowed } from '../tools/aim.ts';
import { useOf } from '../tools/use-of.ts';
import type { Answer, Desk } from './desk.ts';
import type { Ending } from './ending.ts';
import { refusing } from './offer-tool.ts';
import type { Offer } from './offers.ts';
import { Refusal } from './refusal.ts';

const mostUnderWay = 4;
/** Of those: each has memory of the kernel's, and takes its share of the way to the collector. */
const mostCaptures = 2;

export interface ToolCourse {
  requestId: Uint8Array;
  answer: Answer;
  offer: Offer;
  /** Whoever signed it. */
  operator: { name: string; thumbprint: string };
}

interface Run {
  tool: ToolName;
  stop: AbortController;
  ended: Promise<EndedEvent>;
}

const outcomes = { completed: 'completed', limit: 'completed', cancelled: 'cancelled', failed: 'failed' } as const;

export class ToolRuns {
  readonly #desk: Pick<Desk, 'guard' | 'watches' | 'ownConnections'>;
  readonly #runs = new Map<string, Run>();

  constructor(desk: Pick<Desk, 'guard' | 'watches' | 'ownConnections'>) {
    this.#desk = desk;
  }

  /** What was allowed when it was offered may not be any more. Throws Refusal. */
  requireReady({ request, addresses }: PreparedTool): void {
    if (this.#runs.size >= mostUnderWay) throw new Refusal('too-many', `${mostUnderWay} tools are under way at most.`);
    const captures = this.#runs.values().filter(({ tool }) => tool === 'capture');
    if (request.tool === 'capture' && [...captures].length >= mostCaptures)
      throw new Refusal('too-many', `${mostCaptures} captures are under way at most.`);
    if (request.tool === 'watch') this.#desk.watches.requireRoom(request.parameters.id);
    const use = useOf(request);
    if (use && addresses[0]) refusing(() => requireAllowed(addresses[0]!, use, this.#desk.guard));
  }

  /** Never rejects. */
  async run(prepared: PreparedTool, course: ToolCourse): Promise<Ending> {
    const { requestId, answer } = course;
    const id = Buffer.from(requestId).toString('hex');
    const outputs = new ToolOutputs(requestId, (toolOutput) => answer({ toolOutput }));
    const stop = new AbortController();
    const { guard, watches, ownConnections } = this.#desk;
    const packets = { requestId: id, send: (bytes: Uint8Array) => outputs.sendPackets(bytes), own: ownConnections };
    const ended = runTool(prepared, { guard, packets, say: (event) => outputs.say(event), signal: stop.signal });
    this.#runs.set(id, { tool: prepared.request.tool, stop, ended });
    const { outcome, detail } = await ended;
    this.#runs.delete(id);
    outputs.flush();
    const ending: Ending = { outcome: outcomes[outcome], code: '', detail };
    if (prepared.request.tool !== 'watch' || outcome !== 'completed') return ending;
    try {
      watches.accept({ requestId: id, offer: course.offer.text, operator: course.operator });
      return ending;
    } catch (error) {
      return { outcome: 'failed', code: '', detail: `the watch cannot be kept: ${(error as Error).message}` };
    }
  }

  /** False = nothing of that id is under way. */
  cancel(id: string): boolean {
    const run = this.#runs.get(id);
    run?.stop.abort(new Error('stopped from the dashboard'));
    return run !== undefined;
  }

  /** Resolves once all have ended. */
  async stop(why: string): Promise<void> {
    const runs = [...this.#runs.values()];
    for (const { stop } of runs) stop.abort(new Error(why));
    await Promise.all(runs.map(({ ended }) => ended));
  }
}
