// How this agent reaches its collector: through a worker without rights, or by itself.
import type { Logger } from 'pino';
import type { PrivilegeSplit } from '../config/settings.ts';
import { openLibc } from '../host/linux/libc.ts';
import type { MessageSocket, OpenSocket } from '../wire/message-socket.ts';
import type { WorkerState } from './hold-connection.ts';
import { launchWorker } from './launch-worker.ts';
import { isPrivileged } from './nobody.ts';
import { renounceForChildren } from './privileges.ts';
import { type ProcessUse, processUse } from './process-use.ts';
import { WorkerSocket } from './worker-socket.ts';

export interface NetworkOptions {
  /** `auto`: where the agent has rights and may do more than look. */
  split: PrivilegeSplit;
  /** Whether this host allows more than looking; asked before each connection. */
  mayAct: () => boolean;
  dataDirectory: string;
  /** The worker's. */
  environment: Readonly<Record<string, string>>;
  log: Logger;
}

export interface NetworkState {
  /** Whether the process that talks to the network is another one, without rights. */
  split: boolean;
  why: string;
  /** The one that holds the connection, or tries to. */
  worker: (WorkerState & { pid: number }) | null;
}

export interface Network {
  open: OpenSocket;
  state(): NetworkState;
  /** Ends a connection that this process holds itself once the host's owner allows more than looking. `mayAct`: who knows that already. */
  review(mayAct?: () => boolean): void;
  /** PIDs of workers that run now. */
  processes(): number[];
  /** Of the worker: its CPU time is a sum over all that there were. */
  use(): ProcessUse;
}

/** A worker that ends this often without having been ready will not do better the next time. */
const startsMax = 3;
/** RFC 6455 section 7.4.1. */
const goingAway = 1001;

export async function openNetwork(options: NetworkOptions): Promise<Network> {
  const network = new WorkerNetwork(options);
  await network.prepare();
  return network;
}

class WorkerNetwork implements Network {
  readonly #options: NetworkOptions;
  /** Loaded only where it is used: it brings HTTP and TLS along. */
  #direct: OpenSocket | undefined;
  #own: MessageSocket | undefined;
  #unfit: string | undefined;
  #failedStarts = 0;
  /** What was possible once is not given up later, whoever prevents it. */
  #wasReady = false;
  #renounced = false;
  #worker: NetworkState['worker'] = null;
  #endedCpuUs = 0;
  #workerCpuUs = 0;
  /** A process without rights gets none later, and this one gives none of its own up. */
  #isPrivileged: boolean | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  async prepare(): Promise<void> {
    if (!this.state().split) await this.#loadDirect();
  }

  readonly open: OpenSocket = (request, events) => {
    if (!this.state().split) {
      if (this.#direct) return (this.#own = this.#direct(request, events));
      void this.#loadDirect(); // the host's owner has lowered what it allows; the next connection is this process's own
    }
    const { dataDirectory, environment, log } = this.#options;
    const launch = () => {
      this.#renounce();
      return launchWorker({ dataDirectory, url: request.url, environment });
    };
    const onReady = (worker: NonNullable<NetworkState['worker']>) => this.#ready(worker);
    const onUnfit = (why: string, isRefusal: boolean) => this.#refused(why, isRefusal);
    return new WorkerSocket({ launch, log, onReady, onUnfit, onEnd: () => this.#ended() }, request, events);
  };

  state(): NetworkState {
    const { split, why } = this.#decision();
    return { split, why, worker: this.#worker };
  }

  review(mayAct = this.#options.mayAct): void {
    if (this.#own?.isOpen && this.#decision(mayAct).split) this.#own.close(goingAway);
  }

  processes(): number[] {
    return this.#worker ? [this.#worker.pid] : [];
  }

  use(): ProcessUse {
    const use = this.#worker && processUse(this.#worker.pid);
    this.#workerCpuUs = use?.cpuUs ?? this.#workerCpuUs;
    return { cpuUs: this.#endedCpuUs + this.#workerCpuUs, memoryBytes: use?.memoryBytes ?? 0 };
  }

  #decision(mayAct = this.#options.mayAct): { split: boolean; why: string } {
    const { split } = this.#options;
    if (split === 'off') return { split: false, why: 'the configuration says so' };
    if (process.platform !== 'linux') return { split: false, why: 'only Linux has capabilities to give up' };
    if (split === 'on') return { split: true, why: 'the configuration says so' };
    this.#isPrivileged ??= isPrivileged();
    if (!this.#isPrivileged) return { split: false, why: 'this agent has no rights that an attacker could want' };
    if (!mayAct()) return { split: false, why: 'this host allows nothing but looking' };
    if (this.#unfit !== undefined) return { split: false, why: `it is not possible here: ${this.#unfit}` };
    return { split: true, why: 'this host allows more than looking' };
  }

  async #loadDirect(): Promise<void> {
    this.#direct = (await import('../wire/direct-socket.ts')).openDirectSocket;
  }

  /** Once, and in the thread that starts processes. */
  #renounce(): void {
    if (!this.#renounced) renounceForChildren(openLibc());
    this.#renounced = true;
  }

  #ready(worker: NonNullable<NetworkState['worker']>): void {
    this.#wasReady = true;
    this.#worker = worker;
    const { log, dataDirectory } = this.#options;
    log.info({ event: 'network-process', ...worker }, 'A process without rights talks to the network.');
    if (worker.seesData)
      log.warn(
        { event: 'network-process-sees-data' },
        `This kernel has no Landlock, so the process that talks to the network can read '${dataDirectory}', where this host's key is.`,
      );
  }

  #refused(why: string, isRefusal: boolean): void {
    this.#failedStarts++;
    if (this.#wasReady || this.#options.split !== 'auto' || (!isRefusal && this.#failedStarts < startsMax)) return;
    this.#unfit = why;
    void this.#loadDirect();
    const text = 'The agent talks to the network itself: a process without rights for it is not possible here.';
    this.#options.log.warn({ event: 'network-process-impossible', why }, text);
  }

  #ended(): void {
    this.use();
    this.#endedCpuUs += this.#workerCpuUs;
    this.#workerCpuUs = 0;
    this.#worker = null;
  }
}
