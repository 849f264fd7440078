// The page's side of the thread that decodes: asks it, and pairs its answers with what was asked.
import { startWorker } from '../ui/start-worker.ts';
import type { PacketAnswer, PacketDetail, PacketRequest, PacketsRead } from './packet-row.ts';

/** As `Omit` does it of each kind by itself. */
type Asked<Kind> = Kind extends { id: number } ? Omit<Kind, 'id'> : never;

export class PacketThread {
  readonly #worker = startWorker(() => new Worker(new URL('./packet-worker.ts', import.meta.url), { type: 'module' }));
  readonly #waiting = new Map<number, { resolve: (answer: PacketAnswer) => void; reject: (error: Error) => void }>();
  #nextId = 1;
  readonly #failed = () => this.#fail('The packets could not be decoded.');

  constructor() {
    this.#worker.then((worker) => {
      worker.onmessage = ({ data }: MessageEvent<PacketAnswer>) => {
        this.#waiting.get(data.id)?.resolve(data);
        this.#waiting.delete(data.id);
      };
      worker.onerror = this.#failed;
    }, this.#failed);
  }

  open(stream: Omit<PacketRequest & { kind: 'open' }, 'kind'>): void {
    this.#post({ kind: 'open', ...stream });
  }

  /** Takes the bytes away. Rejects with Error when the thread ended. */
  async read(requestId: string, bytes: Uint8Array<ArrayBuffer>): Promise<PacketsRead | undefined> {
    const answer = await this.#ask({ kind: 'bytes', requestId, bytes }, [bytes.buffer]);
    return answer.kind === 'rows' ? answer : undefined;
  }

  async detail(requestId: string, number: number): Promise<PacketDetail | undefined> {
    const answer = await this.#ask({ kind: 'detail', requestId, number });
    return answer.kind === 'detail' ? answer : undefined;
  }

  close(): void {
    this.#worker.then(
      (worker) => worker.terminate(),
      () => undefined,
    );
    this.#fail('The page was left.');
  }

  #ask(asked: Asked<PacketRequest>, transfer: Transferable[] = []): Promise<PacketAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ ...asked, id }, transfer);
    });
  }

  /** What waits for the thread reaches it in this order. */
  #post(request: PacketRequest, transfer: Transferable[] = []): void {
    this.#worker.then((worker) => worker.postMessage(request, transfer), this.#failed);
  }

  #fail(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }
}
