// Reads a capture as a stream, in bounded memory, and writes what it tells as fast as the reader of the output takes it.
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { CaptureReader } from '../pcap/capture-reader.ts';
import type { ReplayEvent } from './events.ts';
import { Replayer } from './replayer.ts';

export interface ReplayOutcome {
  packets: number;
  /** Whether it was a capture file at all. */
  recognised: boolean;
  /** Why reading stopped before the end. */
  fault: string | undefined;
}

/**
 * @param format of one event, with its line's end.
 * Rejects when the input cannot be read, or the output cannot be written to.
 */
export async function replay(
  input: AsyncIterable<Uint8Array>,
  output: Writable,
  format: (event: ReplayEvent) => string,
): Promise<ReplayOutcome> {
  let text = '';
  let packets = 0;
  const write = (event: ReplayEvent) => (text += format(event));
  const replayer = new Replayer(write);
  const reader = new CaptureReader((packet) => {
    packets++;
    replayer.packet(packet);
  });
  const drain = async () => {
    const ready = text === '' || output.write(text);
    text = '';
    if (!ready) await once(output, 'drain');
  };
  for await (const chunk of input) {
    reader.push(chunk);
    await drain();
    if (reader.fault !== undefined) break;
  }
  reader.end();
  replayer.end();
  const recognised = reader.recognised === true;
  if (recognised && reader.fault !== undefined) write({ kind: 'error', message: reader.fault });
  await drain();
  return { packets, recognised, fault: reader.fault };
}
