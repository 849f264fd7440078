// A capture as it is looked at: the packets of its hosts as they come, and how each host's stream stands.
import type { ToolRun, ToolRunHost } from '@foretop/proto/api';
import { ApiError } from '../api/client.ts';
import { messageOf, session } from '../api/session.svelte.ts';
import { visible } from '../format/visible.ts';
import { captureKey } from './capture-keys.ts';
import type { PacketDetail, PacketRow } from './packet-row.ts';
import { followPackets } from './packet-stream.ts';
import { PacketThread } from './packet-thread.ts';

/** Of all hosts together; what comes beyond is in the file, not in the list. */
export const mostPackets = 250_000;
/** New packets are shown so often. */
const drawEveryMs = 100;

export interface PacketSource {
  part: ToolRunHost;
  host: string;
  /** no-key: it is sealed, and not to a key of this browser. cut: it ended before it was whole. */
  state: 'following' | 'whole' | 'cut' | 'no-key' | 'failed';
  packets: number;
  /** On the wire. */
  bytes: number;
  dropped: number;
  /** What is wrong, in words. */
  detail: string;
  /** Not connected at the moment. */
  cutOff: string;
}

export class PacketList {
  /** Grows; never reordered. */
  readonly rows: PacketRow[] = [];
  /** Counts up when rows came. */
  version = $state(0);
  sources = $state.raw<readonly PacketSource[]>([]);
  /** Beyond what is listed. */
  left = $state(0);
  readonly #run: string;
  readonly #thread = new PacketThread();
  readonly #stop = new AbortController();
  readonly #changes = new Map<string, Partial<PacketSource>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(runId: string) {
    this.#run = runId;
  }

  /** Follows those parts of the run that have begun and are not followed yet. */
  follow(run: ToolRun): void {
    const begun = run.hosts.filter(
      ({ requestId, signedAt }) =>
        signedAt !== null && !this.sources.some((known) => known.part.requestId === requestId),
    );
    if (begun.length === 0) return;
    const added = begun.map((part): PacketSource => ({
      part,
      host: visible(part.hostName),
      ...{ state: 'following', packets: 0, bytes: 0, dropped: 0, detail: '', cutOff: '' },
    }));
    this.sources = [...this.sources, ...added];
    const isSealed = run.tool === 'capture' && run.parameters.content === 'payload';
    for (const source of added) void this.#read(source, isSealed);
  }

  detail(row: PacketRow): Promise<PacketDetail | undefined> {
    const part = this.sources.find((source) => source.part.hostId === row.hostId)?.part;
    return part ? this.#thread.detail(part.requestId, row.number) : Promise.resolve(undefined);
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    this.#thread.close();
  }

  async #read({ part, host }: PacketSource, isSealed: boolean): Promise<void> {
    const { requestId, hostId } = part;
    const { signal } = this.#stop;
    try {
      const key = isSealed ? await captureKey(this.#run) : undefined;
      if (isSealed && !key) return this.#change(requestId, { state: 'no-key' });
      this.#thread.open({ requestId, hostId, host, key: key ?? null });
      let [packets, bytes, isWhole, fault] = [0, 0, false, ''];
      await followPackets(
        this.#run,
        requestId,
        {
          cutOff: (cutOff) => this.#change(requestId, { cutOff }),
          bytes: async (chunk) => {
            const answer = fault === '' ? await this.#thread.read(requestId, chunk) : undefined;
            if (!answer) return;
            ({ isWhole, fault } = answer);
            packets += answer.rows.length;
            for (const { length } of answer.rows) bytes += length;
            this.#enter(answer.rows);
            this.#change(requestId, { packets, bytes, dropped: answer.dropped, detail: fault });
          },
        },
        signal,
      );
      if (signal.aborted) return;
      this.#change(requestId, { state: fault ? 'failed' : isWhole ? 'whole' : 'cut', cutOff: '' });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.code === 'signed-out') return session.ended(error.message);
      this.#change(requestId, { state: 'failed', detail: messageOf(error) });
    }
  }

  #enter(rows: readonly PacketRow[]): void {
    const room = Math.max(0, mostPackets - this.rows.length);
    for (const row of room < rows.length ? rows.slice(0, room) : rows) this.rows.push(row);
    this.#left += Math.max(0, rows.length - room);
  }
  #left = 0;

  #change(requestId: string, change: Partial<PacketSource>): void {
    this.#changes.set(requestId, { ...this.#changes.get(requestId), ...change });
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const changes = new Map(this.#changes);
      this.#changes.clear();
      this.sources = this.sources.map((source) => ({ ...source, ...changes.get(source.part.requestId) }));
      this.left = this.#left;
      this.version++;
    }, drawEveryMs);
  }
}
