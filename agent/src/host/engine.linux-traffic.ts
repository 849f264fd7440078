// Traffic with known truth for the engine's tests: Python talks and prints what it did, the engine says what it saw.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowReading, KernelEngine, PayloadKind, SocketOwner } from './engine.ts';
import { EngineUnavailable, type LinuxEngineOptions, openKernelEngine } from './engine.linux.ts';

/** A flow's last counters, copied out of the cursor. */
export interface SeenFlow {
  cookie: number;
  protocol: 6 | 17;
  role: string;
  localPort: number;
  remotePort: number;
  localAddress: string;
  remoteAddress: string;
  rxBytes: number;
  txBytes: number;
  rxPackets: number;
  txPackets: number;
  rxIpBytes: number;
  txIpBytes: number;
  firstUs: number;
  lastUs: number;
  rttUs: number | undefined;
  retransmissions: number | undefined;
  owner: SocketOwner | undefined;
}

export interface SeenPayload {
  kind: PayloadKind;
  direction: 'rx' | 'tx';
  protocol: 6 | 17;
  localPort: number;
  remotePort: number;
  sequence: number;
  payloadBytes: number;
  bytes: Buffer;
  owner: SocketOwner | undefined;
}

/** Why these tests cannot run here; empty when they can. */
function whyNot(): string {
  try {
    openKernelEngine({ scope: 'machine' })[Symbol.dispose]();
    return '';
  } catch (error) {
    if (error instanceof EngineUnavailable) return error.message;
    throw error;
  }
}

export function skipsHere(what: string): boolean {
  const reason = whyNot();
  if (reason) process.stdout.write(`skipped: ${what}: ${reason}\n`);
  return reason !== '';
}

/** Whether a command that a test needs is missing; says so. */
export function lacks(what: string, command: string): boolean {
  const missing = spawnSync(command, ['--version'], { stdio: 'ignore' }).error !== undefined;
  if (missing) process.stdout.write(`skipped: ${what}: the command ${command} is not installed\n`);
  return missing;
}

/** An engine that is drained all the time, with everything that it told. */
export class Watch implements AsyncDisposable {
  readonly engine: KernelEngine;
  readonly closed: SeenFlow[] = [];
  readonly payloads: SeenPayload[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor({ drainMs = 50, ...options }: Partial<LinuxEngineOptions> & { drainMs?: number } = {}) {
    this.engine = openKernelEngine({ scope: 'machine', ...options });
    this.#timer = setInterval(() => this.drain(), drainMs);
  }

  drain(): void {
    this.engine.drain({
      closed: (flow) => this.closed.push(copyFlow(flow)),
      payload: (copy) =>
        this.payloads.push({
          kind: copy.kind,
          direction: copy.direction,
          protocol: copy.protocol,
          localPort: copy.localPort,
          remotePort: copy.remotePort,
          sequence: copy.sequence,
          payloadBytes: copy.payloadBytes,
          bytes: Buffer.from(copy.bytes),
          owner: copy.owner(),
        }),
    });
  }

  /** All flows that are open and changed. */
  open(): SeenFlow[] {
    const flows: SeenFlow[] = [];
    this.engine.readFlows((flow) => flows.push(copyFlow(flow)));
    return flows;
  }

  /** Waits for flows of these sockets to end. */
  async ended(cookies: number[]): Promise<Map<number, SeenFlow[]>> {
    const wanted = new Set(cookies);
    for (let attempt = 0; attempt < 60; attempt++) {
      this.drain();
      const seen = new Set(this.closed.map(({ cookie }) => cookie));
      if (cookies.every((cookie) => seen.has(cookie))) break;
      await sleep(50);
    }
    return Map.groupBy(
      this.closed.filter(({ cookie }) => wanted.has(cookie)),
      ({ cookie }) => cookie,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.engine[Symbol.dispose]();
  }
}

function copyFlow(flow: FlowReading): SeenFlow {
  return {
    cookie: flow.cookie,
    protocol: flow.protocol,
    role: flow.role,
    localPort: flow.localPort,
    remotePort: flow.remotePort,
    localAddress: Buffer.from(flow.localAddress()).toString('hex'),
    remoteAddress: Buffer.from(flow.remoteAddress()).toString('hex'),
    rxBytes: flow.rxBytes,
    txBytes: flow.txBytes,
    rxPackets: flow.rxPackets,
    txPackets: flow.txPackets,
    rxIpBytes: flow.rxIpBytes,
    txIpBytes: flow.txIpBytes,
    firstUs: flow.firstUs,
    lastUs: flow.lastUs,
    rttUs: flow.rttUs,
    retransmissions: flow.retransmissions,
    owner: flow.owner(),
  };
}

const prelude = `
import json, os, socket, struct, sys, threading, time
def cookie(s): return struct.unpack('Q', s.getsockopt(socket.SOL_SOCKET, 57, 8))[0]
def say(value): print(json.dumps(value), flush=True)
def wait(): return sys.stdin.readline().strip()
def listen(address='127.0.0.1', family=socket.AF_INET, backlog=128):
    s = socket.socket(family, socket.SOCK_STREAM); s.bind((address, 0)); s.listen(backlog); return s
def receive(s, count):
    got = 0
    while got < count:
        data = s.recv(min(1 << 20, count - got))
        if not data: break
        got += len(data)
    return got
`;

/** A Python program that answers in JSON, a line at a time. */
export class Talker implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #lines: string[] = [];
  #wake: () => void = () => undefined;
  #rest = '';

  constructor(program: string, options: { args?: (string | number)[]; through?: string[] } = {}) {
    const [command = 'python3', ...before] = [...(options.through ?? []), 'python3'];
    const args = [...before, '-c', prelude + program, ...(options.args ?? []).map(String)];
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout!.on('data', (data: Buffer) => {
      const parts = (this.#rest + data.toString()).split('\n');
      this.#rest = parts.pop()!;
      this.#lines.push(...parts);
      this.#wake();
    });
    this.child.on('exit', () => this.#wake());
  }

  get pid(): number {
    return this.child.pid!;
  }

  async answer<Value>(): Promise<Value> {
    while (this.#lines.length === 0) {
      if (this.child.exitCode !== null) throw new Error(`the talker ended with status ${this.child.exitCode}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return JSON.parse(this.#lines.shift()!) as Value;
  }

  tell(line = ''): void {
    this.child.stdin!.write(`${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
