// A WebSocket that a worker holds, as the broker sees it. What the worker says is bounded and checked; a lie ends the connection.
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { MessageSocket, SocketEvents, SocketRequest } from '../wire/message-socket.ts';
import {
  ChannelError,
  createFrameReader,
  numbered,
  type Order,
  orders,
  readNumbered,
  type Report,
  reports,
  writeFrame,
} from './channel.ts';
import { unconfined } from './confinement.ts';
import type { WorkerState } from './hold-connection.ts';

export interface WorkerSocketOptions {
  launch: () => ChildProcess;
  log: Logger;
  /** It has no rights left, and dials. */
  onReady: (worker: WorkerState & { pid: number }) => void;
  /** It never came so far, and why; then it has not heard anything from the network either. */
  onUnfit: (why: string, isRefusal: boolean) => void;
  onEnd: () => void;
}

/** From the start of the process to `ready`; a busy host takes its time. */
const readyMs = 30_000;
const textBytes = 1_024;
/** Most that is kept of what a worker prints. */
const saidBytes = 4_096;

type Phase = 'starting' | 'dialling' | 'open' | 'closing' | 'closed';
/** Which reports may come when. */
const expected: Record<Phase, readonly Report[]> = {
  starting: [reports.ready, reports.refused],
  dialling: [reports.opened, reports.answered, reports.failed, reports.closed],
  open: [reports.message, reports.text, reports.heard, reports.left, reports.failed, reports.closed],
  closing: [reports.message, reports.text, reports.heard, reports.left, reports.failed, reports.closed],
  closed: [],
};

export class WorkerSocket implements MessageSocket {
  readonly #options: WorkerSocketOptions;
  readonly #request: SocketRequest;
  readonly #events: SocketEvents;
  readonly #timer: NodeJS.Timeout;
  #child: ChildProcess | undefined;
  #channel: Socket | undefined;
  #phase: Phase = 'starting';
  #unsent = 0;
  #said = '';

  constructor(options: WorkerSocketOptions, request: SocketRequest, events: SocketEvents) {
    this.#options = options;
    this.#request = request;
    this.#events = events;
    this.#timer = setTimeout(() => this.#break(`it was not ready within ${readyMs} ms`), readyMs);
    try {
      this.#start();
    } catch (error) {
      queueMicrotask(() => this.#break(`it cannot be started: ${(error as Error).message}`));
    }
  }

  #start(): void {
    const child = this.#options.launch();
    child.on('error', (error) => this.#break(`it cannot be started: ${error.message}`));
    // Without descriptors left there are no streams either.
    if (!child.stdout || !child.stderr) return;
    this.#child = child;
    const channel = child.stdout as Socket;
    this.#channel = channel;
    const read = createFrameReader<Report>(this.#most(), (kind, body) => this.#take(kind, body));
    channel.on('data', (chunk: Buffer) => {
      if (this.#phase !== 'closed') this.#guard(() => read(chunk));
    });
    channel.on('error', () => undefined); // its end tells the same
    channel.on('close', () => child.kill('SIGKILL'));
    child.stderr.on('data', (chunk: Buffer) => this.#print(chunk));
    // The channel may still hold what it said last; `close` comes after all of it.
    child.on('close', (code, signal) => this.#break(`it ended (${signal ?? `code ${code}`})`));
  }

  #most(): Record<Report, number> {
    return {
      [reports.ready]: textBytes,
      [reports.refused]: textBytes,
      [reports.opened]: 0,
      [reports.message]: this.#request.maxMessageBytes,
      [reports.text]: 0,
      [reports.heard]: 0,
      [reports.left]: 4,
      [reports.answered]: textBytes,
      [reports.failed]: textBytes,
      [reports.closed]: textBytes,
    };
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  get bufferedAmount(): number {
    return this.#unsent;
  }

  send(message: Uint8Array): void {
    if (this.#phase !== 'open') return;
    this.#unsent += message.length;
    this.#order(orders.send, message);
  }

  ping(): void {
    if (this.#phase === 'open') this.#order(orders.ping);
  }

  close(code: number, reason = ''): void {
    if (this.#phase === 'starting' || this.#phase === 'dialling') return this.terminate();
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#order(orders.close, numbered(code, reason));
  }

  terminate(): void {
    this.#child?.kill('SIGKILL');
    queueMicrotask(() => this.#finish(1006, ''));
  }

  #order(kind: Order, body?: Uint8Array): void {
    if (this.#channel) writeFrame(this.#channel, kind, body);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      this.#break(`it sent ${error.message}`);
    }
  }

  #take(kind: Report, body: Buffer): void {
    if (this.#phase === 'closed') return;
    if (!expected[this.#phase].includes(kind)) throw new ChannelError(`a frame of kind ${kind} while ${this.#phase}`);
    switch (kind) {
      case reports.ready:
        return this.#dial(body);
      case reports.refused:
        return this.#refuse(body.toString());
      case reports.opened:
        this.#phase = 'open';
        return this.#events.opened();
      case reports.message:
        return this.#events.message(body, true);
      case reports.text:
        return this.#events.message(body, false);
      case reports.heard:
        return this.#events.heard();
      case reports.left:
        return this.#left(body);
      case reports.answered: {
        const { number, text } = readNumbered(body);
        return this.#events.answered(number, text === '' ? undefined : text);
      }
      case reports.failed:
        return this.#events.failed(body.toString());
      case reports.closed: {
        const { number, text } = readNumbered(body);
        return this.#finish(number, text);
      }
      default:
        return kind satisfies never;
    }
  }

  /** Its own word is not enough: the kernel tells what it may do. */
  #dial(body: Buffer): void {
    const pid = this.#child!.pid!;
    const fault = unconfined(pid);
    if (fault !== undefined) return this.#refuse(fault);
    const { user, seesData } = parseState(body);
    clearTimeout(this.#timer);
    this.#phase = 'dialling';
    this.#options.onReady({ pid, user, seesData });
    const { handshakeMs, maxMessageBytes } = this.#request;
    this.#order(orders.dial, Buffer.from(JSON.stringify({ handshakeMs, maxMessageBytes })));
  }

  #refuse(fault: string): void {
    this.#options.onUnfit(fault, true);
    this.#events.failed(`the process for the network cannot give up its rights: ${fault}`);
    this.#finish(1006, '');
  }

  #left(body: Buffer): void {
    const bytes = body.length === 4 ? body.readUInt32LE() : Number.NaN;
    if (!(bytes <= this.#unsent)) throw new ChannelError('a count of bytes that it never had');
    this.#unsent -= bytes;
  }

  #break(why: string): void {
    if (this.#phase === 'closed') return;
    if (this.#phase === 'starting') this.#options.onUnfit(why, false);
    this.#options.log.warn({ event: 'network-process', why }, 'The process that talks to the network failed.');
    this.#events.failed(`the process that talks to the network failed: ${why}`);
    this.#finish(1006, '');
  }

  #finish(code: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    clearTimeout(this.#timer);
    this.#child?.kill('SIGKILL');
    this.#channel?.destroy();
    if (this.#said !== '')
      this.#options.log.warn(
        { event: 'network-process-said', said: this.#said },
        'The process that talks to the network printed this.',
      );
    this.#options.onEnd();
    this.#events.closed(code, reason);
  }

  #print(chunk: Buffer): void {
    if (this.#said.length >= saidBytes) return void this.#child!.stderr!.destroy();
    this.#said += chunk.toString('utf8', 0, saidBytes - this.#said.length);
  }
}

/** @throws ChannelError. */
function parseState(body: Buffer): WorkerState {
  try {
    const { user, seesData } = JSON.parse(body.toString()) as Partial<WorkerState>;
    if (typeof user === 'number' && typeof seesData === 'boolean') return { user, seesData };
  } catch {
    // the same as any other text
  }
  throw new ChannelError('something else than its state');
}
