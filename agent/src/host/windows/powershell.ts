// One PowerShell that stays, so that a poll costs a query and not the start of a shell.
//
// A request is one line on its standard input; the answer ends with a line of its own that carries the request's number.
import { type ChildProcess, spawn } from 'node:child_process';
import { HostError } from '../host-error.ts';
import { TOOL_FOLDER } from '../portable/command.ts';

const FILE = 'powershell.exe';
// `-Command -` reads commands from standard input, line by line.
const ARGS = ['-NoLogo', '-NoProfile', '-NonInteractive', '-InputFormat', 'Text', '-NoExit', '-Command', '-'];
const SETUP = '$OutputEncoding=[Console]::OutputEncoding=[Text.Encoding]::UTF8;$ProgressPreference="SilentlyContinue"';
const MAX_BYTES = 32 << 20;

export interface PowerShellOptions {
  file?: string;
  args?: readonly string[];
  maxBytes?: number;
}

interface Pending {
  number: number;
  text: string;
  settle(result: string | HostError): void;
}

export class PowerShell implements Disposable {
  readonly #options: Required<PowerShellOptions>;
  #child: ChildProcess | undefined;
  #pending: Pending | undefined;
  #number = 0;

  constructor(options: PowerShellOptions = {}) {
    this.#options = { file: FILE, args: ARGS, maxBytes: MAX_BYTES, ...options };
  }

  /**
   * What `script`, one line, wrote. One at a time. A script that fails, is stopped by `signal` or writes too much ends the
   * shell; the next request starts another. Throws HostError.
   */
  async query(script: string, signal: AbortSignal): Promise<string> {
    if (this.#pending)
      throw new HostError('command-failed', 'PowerShell is busy with another query', { retryable: true });
    signal.throwIfAborted();
    const child = (this.#child ??= this.#start());
    const number = ++this.#number;
    try {
      return await new Promise<string>((resolve, reject) => {
        const settle = (result: string | HostError) => (typeof result === 'string' ? resolve(result) : reject(result));
        this.#pending = { number, text: '', settle };
        signal.addEventListener('abort', () => settle(failure('was stopped')), { once: true });
        child.stdin?.write(`${requestLine(script, number)}\n`);
      });
    } catch (error) {
      this.#stop();
      throw error;
    } finally {
      this.#pending = undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#pending?.settle(failure('was stopped'));
    this.#stop();
  }

  #start(): ChildProcess {
    const child = spawn(this.#options.file, [...this.#options.args], {
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
      cwd: TOOL_FOLDER,
    });
    child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
    // A write to a shell that ended; `exit` tells.
    child.stdin!.on('error', () => {});
    const ended = (found: string, code: 'command-missing' | 'command-failed') => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#pending?.settle(failure(found, code));
    };
    child.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? ended('is not installed', 'command-missing') : ended(error.message, 'command-failed'),
    );
    child.on('exit', (code) => ended(`ended with code ${code}`, 'command-failed'));
    child.unref();
    return child;
  }

  #stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
  }

  #receive(text: string): void {
    const pending = this.#pending;
    if (!pending) return;
    pending.text += text;
    if (pending.text.length > this.#options.maxBytes) {
      pending.settle(failure(`wrote more than ${this.#options.maxBytes} characters`));
      return;
    }
    const end = new RegExp(`^foretop-(end|failed)-${pending.number}(?: (.*?))?\\r?\\n`, 'm').exec(pending.text);
    if (!end) return;
    if (end[1] === 'failed') pending.settle(failure(`failed: ${end[2]?.slice(0, 200)}`));
    else pending.settle(pending.text.slice(0, end.index).trim());
  }
}

/** Console.Out, since what goes through the host's formatter is wrapped at the width of a window that is not there. */
function requestLine(script: string, number: number): string {
  const body = `${SETUP};[Console]::Out.WriteLine((& {${script}}))`;
  const report = `[Console]::Out.WriteLine("foretop-failed-${number} "+($_.Exception.Message -replace "\\s+"," "))`;
  return `try{${body};[Console]::Out.WriteLine("foretop-end-${number}")}catch{${report}}`;
}

function failure(found: string, code: 'command-missing' | 'command-failed' = 'command-failed'): HostError {
  return new HostError(code, `PowerShell ${found}`, { retryable: code !== 'command-missing' });
}
