// The way from plain text to TLS: SMTP (RFC 3207) and IMAP (RFC 3501 section 6.2.1), as much of them as it takes.
import type { Socket } from 'node:net';
import { lineOf } from '../text.ts';

const waitMs = 5_000;
const mostBytes = 16_384;

type Step = { send?: string; until: RegExp };

const steps: Record<'smtp' | 'imap', Step[]> = {
  smtp: [
    { until: /^220 / },
    { send: 'EHLO foretop.invalid\r\n', until: /^250 / },
    { send: 'STARTTLS\r\n', until: /^220 / },
  ],
  imap: [{ until: /^\* OK/i }, { send: 'a1 STARTTLS\r\n', until: /^a1 OK/i }],
};
/** A line that ends a wait without success. */
const refusals = { smtp: /^[45]\d\d /, imap: /^(a1 (NO|BAD)|\* BYE)/i };

/** Resolves once the next byte is of TLS. Rejects with what the server said instead. */
export async function startTls(socket: Socket, protocol: 'smtp' | 'imap', signal: AbortSignal): Promise<void> {
  const reader = new LineReader(socket, signal);
  try {
    for (const { send, until } of steps[protocol]) {
      if (send !== undefined) socket.write(send);
      for (;;) {
        const line = await reader.line();
        if (until.test(line)) break;
        if (refusals[protocol].test(line)) throw new Error(`the server said "${lineOf(line, 200)}"`);
      }
    }
    if (reader.hasMore()) throw new Error('the server sent more before TLS began: somebody may have put that in');
  } finally {
    reader.end();
  }
}

class LineReader {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  #kept = '';
  #bytes = 0;
  #fault: Error | undefined;
  #wake = () => {};
  readonly #onData = (chunk: Buffer) => {
    this.#bytes += chunk.length;
    this.#kept += chunk.toString('latin1');
    if (this.#bytes > mostBytes) this.#fail(new Error(`the server said more than ${mostBytes} bytes`));
    this.#wake();
  };
  readonly #onClose = () => this.#fail(new Error('the server closed the connection'));
  readonly #onAbort = () => this.#fail(this.#signal.reason as Error);
  readonly #timer: NodeJS.Timeout;

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    socket.on('data', this.#onData);
    socket.on('close', this.#onClose);
    signal.addEventListener('abort', this.#onAbort);
    this.#timer = setTimeout(
      () => this.#fail(new Error(`the server did not say what was expected within ${waitMs} ms`)),
      waitMs,
    );
  }

  async line(): Promise<string> {
    for (;;) {
      if (this.#fault) throw this.#fault;
      const end = this.#kept.indexOf('\n');
      if (end >= 0) {
        const line = this.#kept.slice(0, end).replace(/\r$/, '');
        this.#kept = this.#kept.slice(end + 1);
        return line;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  hasMore(): boolean {
    return this.#kept !== '';
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#socket.off('data', this.#onData);
    this.#socket.off('close', this.#onClose);
    this.#socket.pause();
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    this.#wake();
  }
}
