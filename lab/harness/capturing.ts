// Captures beside each other: this project's, run as a signed command runs it, and tcpdump's, of the same wire at the same time.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type CapturedPacket } from '../../agent/src/inspect/pcap/capture-format.ts';
import { CaptureReader } from '../../agent/src/inspect/pcap/capture-reader.ts';
import { look } from '../../agent/src/tools/test-run.ts';
import type { OwnConnections } from '../../agent/src/tools/tool.ts';
import { createOpener, newRecipient } from '@foretop/proto/capture';
import type { CaptureParameters, EndedEvent, ToolEvent } from '@foretop/proto/tools';

const requestId = 'ab'.repeat(16);

export interface OurCapture {
  /** What was sent so far, as it was sent. */
  sent: Uint8Array[];
  stop(): void;
  ended: Promise<{ ended: EndedEvent; events: ToolEvent[]; file: Buffer; isComplete: boolean }>;
}

export interface CaptureOptions {
  own?: OwnConnections;
  /** Whether the way has room. */
  hasRoom?: () => boolean;
}

export const captureOf = (change: Partial<CaptureParameters> = {}): CaptureParameters => ({
  ...{ interface: '', filter: '', content: 'headers', maxBytes: 8 << 20, maxSeconds: 60 },
  ...change,
});

/** Resolves once it captures. Payload is sealed and opened again. */
export async function beginCapture(
  change: Partial<CaptureParameters>,
  { own = { connections: [], collectorPort: undefined }, hasRoom = () => true }: CaptureOptions = {},
): Promise<OurCapture> {
  const recipient = change.content === 'payload' ? await newRecipient() : undefined;
  const parameters = captureOf({ ...change, ...(recipient && { recipient: recipient.publicKey }) });
  const sent: Uint8Array[] = [];
  const { promise: began, resolve } = Promise.withResolvers<void>();
  const send = (bytes: Uint8Array) => {
    resolve();
    return hasRoom() && sent.push(bytes.slice()) > 0;
  };
  const stop = new AbortController();
  const looking = look('capture', parameters, { signal: stop.signal, packets: { requestId, send, own: () => own } });
  const ended = looking.then(async (found) => ({ ...found, ...(await opened()) }));
  await Promise.race([began, looking]);
  return { sent, stop: () => stop.abort(new Error('stopped from the dashboard')), ended };

  async function opened(): Promise<{ file: Buffer; isComplete: boolean }> {
    if (!recipient) return { file: Buffer.concat(sent), isComplete: true };
    const opener = await createOpener(recipient.privateKey, recipient.publicKey, requestId);
    const pieces: Uint8Array[] = [];
    for (const bytes of sent) pieces.push(...(await opener.push(bytes)));
    return { file: Buffer.concat(pieces), isComplete: opener.isComplete };
  }
}

export interface TheirCapture {
  /** Ends it and reads its file. */
  stop(): Promise<CapturedPacket[]>;
}

/** tcpdump in this network namespace, or in another one; resolves once it captures. Rejects with what it says. */
export async function beginTcpdump(
  { interface: interfaceName, filter, file }: { interface: string; filter: string; file: string },
  namespace: { name: string },
): Promise<TheirCapture> {
  const args = [
    '-i',
    interfaceName,
    '-w',
    file,
    '-U',
    '--immediate-mode',
    '-B',
    '4096',
    '-Z',
    'root',
    '--time-stamp-precision=nano',
  ];
  const command = ['netns', 'exec', namespace.name, 'tcpdump', ...args, filter];
  const child = spawn('ip', command, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const { promise: began, resolve, reject } = Promise.withResolvers<void>();
  const closed = new Promise<void>((done) => void child.once('close', () => done()));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/listening on/.test(said)) resolve();
  });
  void closed.then(() => reject(new Error(`tcpdump '${filter}': ${said}`)));
  await began;
  return {
    async stop() {
      child.kill('SIGINT');
      await closed;
      if (!/^0 packets dropped by kernel/m.test(said)) throw new Error(`tcpdump lost packets: ${said}`);
      return packetsIn(readFileSync(file));
    },
  };
}

/** Of a pcap or a pcapng file. Throws with what is wrong with it. */
export function packetsIn(file: Uint8Array): CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  const reader = new CaptureReader((packet) => packets.push({ ...packet, bytes: packet.bytes.slice() }));
  reader.push(file);
  reader.end();
  if (reader.fault !== undefined) throw new Error(reader.fault);
  return packets;
}

export function commandMissing(command: string): string | undefined {
  const { error } = spawnSync(command, ['--version'], { stdio: 'ignore' });
  return error && `the command \`${command}\` is not installed`;
}
