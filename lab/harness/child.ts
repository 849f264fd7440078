// Child processes of the lab: started with the project's own Node, their output kept, ended by their own id only.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface ChildOptions {
  env?: Record<string, string>;
  /** Written to standard input, which is then closed. */
  input?: string;
  /** Run inside this network namespace, which the caller made. */
  networkNamespace?: string;
  /** Run as this user and group. */
  uid?: number;
  /** A command that runs the rest of its arguments, such as `nice`. */
  prefix?: string[];
  /** Lead a process group, as a program that a shell started on a terminal. */
  ownGroup?: boolean;
}

/** A running program whose output can be waited for. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly name: string;
  output = '';
  readonly #exit: Promise<number | null>;
  #waiters: (() => void)[] = [];

  constructor(name: string, args: string[], options: ChildOptions = {}) {
    this.name = name;
    const namespace = options.networkNamespace ? ['ip', 'netns', 'exec', options.networkNamespace] : [];
    const command = [...namespace, ...(options.prefix ?? []), process.execPath, ...args];
    this.process = spawn(command[0]!, command.slice(1), {
      cwd: repository,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: options.ownGroup === true,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    this.process.stdin!.on('error', () => {}); // the program may end before it has read its input
    this.process.stdin!.end(options.input ?? '');
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-1_000_000);
        this.#wake();
      });
    }
    this.#exit = new Promise((resolve) => {
      this.process.once('close', (code) => {
        resolve(code);
        this.#wake();
      });
      this.process.once('error', (error) => {
        this.output += String(error);
        resolve(null);
        this.#wake();
      });
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null && this.process.pid !== undefined;
  }

  /** The first match of `pattern` in what was printed. Throws with the output when it ends or the time runs out first. */
  async waitFor(pattern: RegExp, timeoutMs = 60_000): Promise<RegExpMatchArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = this.output.match(pattern);
      if (match) return match;
      if (!this.running)
        throw new Error(`${this.name} ended before it printed ${pattern}:\n${this.output.slice(-4000)}`);
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(`${this.name} did not print ${pattern} in ${timeoutMs} ms:\n${this.output.slice(-4000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  exited(): Promise<number | null> {
    return this.#exit;
  }

  /** What a terminal does at Ctrl+C. Only for a child that leads a group. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** SIGTERM, and SIGKILL after `graceMs`. Returns the exit code. */
  async stop(graceMs = 15_000): Promise<number | null> {
    if (!this.running) return this.#exit;
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), graceMs);
    const code = await this.#exit;
    clearTimeout(timer);
    return code;
  }

  async kill(): Promise<void> {
    if (this.running) this.process.kill('SIGKILL');
    await this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

/** Runs a program to its end and returns what it printed on standard output. Throws when it fails. */
export async function run(args: string[], options: ChildOptions = {}): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: repository,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
  return stdout;
}
