// Takes signed commands: checks, in this order, roster, signature, offer, ceiling, target, protection and rate; acts; answers with a signed receipt.
import type { AgentFrame, CancelCommand, SignedCommand } from '@foretop/proto';
import { type ReceiptClaims, sha256Text, signStatement } from '@foretop/proto/trust';
import { closeConnection, requireOpen } from './close-connection.ts';
import { textOf, wallSeconds } from './describe-process.ts';
import { actionText, type Answer, capabilityOf, type Desk, refusalOf, requestIdOf } from './desk.ts';
import type { Ending, Say } from './ending.ts';
import { type HeldTarget, type Offer, release } from './offers.ts';
import { protectionOf } from './protected.ts';
import { Rate } from './rate.ts';
import { Refusal } from './refusal.ts';
import { requireUnchanged, terminate } from './terminate.ts';
import { ToolRuns } from './tool-runs.ts';
import { requireRight, type VerifiedOperator, verifySignature } from './verify-command.ts';

/** Acts a minute, of all operators together. */
const mostActsAMinute = 3;
/** Tools a minute, of all operators together. */
const mostToolsAMinute = 30;
/** Signatures that are looked at a minute; those under offers of tools count by themselves. */
const mostCommandsAMinute = 30;
const mostToolCommandsAMinute = 60;
const mostProgress = 20;
const progressLength = 500;
const mostUndelivered = 16;

/** One command on its way; what is known of it grows. */
interface Course {
  requestId: Uint8Array;
  answer: Answer;
  offer: Offer | undefined;
  operator: VerifiedOperator | undefined;
  /** Of a tool: settles with its receipt. */
  acted: Promise<void> | undefined;
}

export class CommandDesk {
  readonly #desk: Desk;
  readonly #commands: Rate;
  readonly #toolCommands: Rate;
  readonly #acts: Rate;
  readonly #tools: Rate;
  readonly #runs: ToolRuns;
  /** Of the connection that is open now. */
  #latest: Answer | undefined;
  /** Receipts that nobody has taken yet, oldest first. */
  #undelivered: { requestId: Uint8Array; receipt: string }[] = [];
  readonly #underway = new Set<Course>();

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#commands = new Rate(mostCommandsAMinute, desk.host.clock);
    this.#toolCommands = new Rate(mostToolCommandsAMinute, desk.host.clock);
    this.#acts = new Rate(mostActsAMinute, desk.host.clock);
    this.#tools = new Rate(mostToolsAMinute, desk.host.clock);
    this.#runs = new ToolRuns(desk);
  }

  /** Resolves once the offer is used up or refused; `ended` then settles with the act. Neither ever rejects. */
  async take(command: SignedCommand, answer: Answer): Promise<{ ended: Promise<void> }> {
    const requestId = command.requestId ?? new Uint8Array();
    const course: Course = { requestId, answer, offer: undefined, operator: undefined, acted: undefined };
    try {
      await this.#check(command, course);
      const ended = this.#act(course);
      if (course.offer?.target.kind === 'run-tool') course.acted = ended;
      return { ended };
    } catch (error) {
      if (course.offer && course.operator) release(course.offer.target);
      await this.#refuse(course, error);
      return { ended: Promise.resolve() };
    }
  }

  /** Over a new connection: receipts that the one before did not take. */
  deliver(answer: Answer): void {
    this.#undelivered = this.#undelivered.filter((receipt) => !answer({ receipt }));
    this.#latest = answer;
  }

  /** Ends a tool that is under way, a watch, or an offer of one: whoever may ask may stop asking. Says nothing but by their end. */
  cancel({ requestId }: CancelCommand): void {
    const id = Buffer.from(requestId ?? []).toString('hex');
    const { offers, watches } = this.#desk;
    if (this.#runs.cancel(id) || watches.cancel(id)) return;
    if (offers.sortOf(id) === 'tool') offers.use(id);
  }

  /** Cancels the tools under way; resolves once their receipts are on their way. */
  async stopTools(why: string): Promise<void> {
    await this.#runs.stop(why);
    await Promise.all([...this.#underway].map(({ acted }) => acted));
  }

  /** The agent stops: what comes of these nobody will know, and the audit says so. */
  async interrupt(): Promise<void> {
    for (const course of this.#underway) {
      const told = await this.#told(course);
      this.#desk.journal.record('command-ended', {
        ...told,
        outcome: 'failed',
        detail: 'the agent was stopped meanwhile',
      });
    }
  }

  /** From the moment that `course.operator` is set the offer is used, and its target this course's to let go. */
  async #check(command: SignedCommand, course: Course): Promise<void> {
    const { roster, offers, key, policy, journal } = this.#desk;
    const id = requestIdOf(command);
    const isTool = offers.sortOf(id) === 'tool';
    if (!(isTool ? this.#toolCommands : this.#commands).take()) throw new Refusal('too-many');
    const believed = roster();
    if ('code' in believed) throw new Refusal(believed.code, believed.detail);
    const hostThumbprint = key.thumbprint;
    course.offer = offers.find(id);
    const context = { roster: believed.claims, offer: course.offer, hostThumbprint };
    const operator = await verifySignature(command, context);
    course.offer = offers.use(id);
    if (course.offer === undefined) throw new Refusal('offer-unknown');
    course.operator = operator;
    const { target } = course.offer;
    requireRight(operator, { policy: policy(), hostThumbprint, capability: capabilityOf(target) });
    await this.#requireTarget(target);
    this.#requireUnprotected(target);
    this.#requireRate(target);
    try {
      journal.require('command-verified', await this.#told(course));
    } catch (cause) {
      throw new Refusal('not-supported', 'The audit of the host cannot be written.', { cause });
    }
  }

  async #requireTarget(target: HeldTarget): Promise<void> {
    const { host } = this.#desk;
    if (target.kind === 'close-connection') return requireOpen(target.connection);
    if (target.kind === 'run-tool') return this.#runs.requireReady(target.prepared);
    const blindness = host.blindness();
    if (blindness !== '') throw new Refusal('not-visible', `It says: ${blindness}.`);
    await requireUnchanged(target.processes);
  }

  #requireUnprotected(target: HeldTarget): void {
    if (target.kind !== 'terminate') return;
    const own = this.#desk.own();
    for (const { evidence } of target.processes) {
      const protection = protectionOf(evidence, own);
      if (protection !== undefined) throw new Refusal('protected', protection);
    }
  }

  #requireRate({ kind }: HeldTarget): void {
    const [rate, most] = kind === 'run-tool' ? [this.#tools, mostToolsAMinute] : [this.#acts, mostActsAMinute];
    if (!rate.take()) throw new Refusal('too-many', `${most} a minute are carried out at most.`);
  }

  async #act(course: Course): Promise<void> {
    const { log, journal } = this.#desk;
    const { target, claims } = course.offer!;
    const [operator, action] = [course.operator!.name, actionText(claims.action)];
    const level = target.kind === 'run-tool' ? 'info' : 'warn';
    log[level]({ event: 'command', operator, action }, 'Carrying out a signed command.');
    this.#underway.add(course);
    try {
      const ending = await this.#carryOut(course);
      journal.record('command-ended', { ...(await this.#told(course)), ...ending });
      await this.#receipt(course, ending);
    } catch (error) {
      const ending: Ending = { outcome: 'failed', code: '', detail: refusalOf(error, log).message };
      journal.record('command-ended', { ...(await this.#told(course)), ...ending });
      await this.#receipt(course, ending);
    } finally {
      this.#underway.delete(course);
      release(target);
    }
  }

  #carryOut(course: Course): Promise<Ending> | Ending {
    const { offer, operator, requestId } = course;
    const answer = (frame: AgentFrame) => this.#send(course, frame);
    const { host, times } = this.#desk;
    const { target, claims } = offer!;
    if (target.kind === 'run-tool') {
      const { name, thumbprint } = operator!;
      return this.#runs.run(target.prepared, { requestId, answer, offer: offer!, operator: { name, thumbprint } });
    }
    let said = 0;
    const say: Say = (sentence) => {
      if (++said <= mostProgress) answer({ progress: { requestId, text: textOf(sentence, progressLength) } });
    };
    if (target.kind === 'close-connection') return closeConnection(target.connection, say);
    const restartsAreKnown = claims.preview.restartedBy !== '';
    return terminate({ host, processes: target.processes, restartsAreKnown, say, times });
  }

  async #refuse(course: Course, error: unknown): Promise<void> {
    const { log, journal } = this.#desk;
    const { code, message: detail } = refusalOf(error, log);
    const told = { ...(await this.#told(course)), code, detail };
    if (course.operator) journal.record('command-refused', told);
    else journal.note('command-refused', told);
    await this.#receipt(course, { outcome: 'refused', code, detail });
  }

  async #receipt(course: Course, { outcome, code, detail }: Ending): Promise<void> {
    const { key, host, journal } = this.#desk;
    const { requestId, operator } = course;
    const claims: ReceiptClaims = {
      iss: key.thumbprint,
      offer: await sha256Text(course.offer?.text ?? ''),
      iat: wallSeconds(host),
      outcome,
      code,
      detail: textOf(detail, 1_000),
      operator: { thumbprint: operator?.thumbprint ?? '', name: operator?.name ?? '' },
    };
    const receipt = await signStatement('receipt', claims, key.privateKey, key.thumbprint);
    if (!this.#send(course, { receipt: { requestId, receipt } }) && operator)
      this.#undelivered = [...this.#undelivered, { requestId, receipt }].slice(-mostUndelivered);
    const head = operator ? await journal.head() : undefined;
    if (head !== undefined) this.#send(course, { auditHead: { head } });
  }

  /** Over the connection that the command came by; when that has ended, over the one there is now. Packets, though, follow each other over one. */
  #send({ answer }: Course, frame: AgentFrame): boolean {
    const isPackets = (frame.toolOutput?.packets?.length ?? 0) > 0;
    return answer(frame) || (!isPackets && (this.#latest?.(frame) ?? false));
  }

  async #told({ requestId, offer, operator }: Course) {
    return {
      request: Buffer.from(requestId).toString('hex').slice(0, 64),
      ...(offer && { action: actionText(offer.claims.action), offer: await sha256Text(offer.text) }),
      ...(operator && { operator: operator.name, key: operator.thumbprint, signer: operator.operator.signer }),
    };
  }
}
