// Syslog over UDP (RFC 5426), TCP or TLS with octet counting (RFC 6587 section 3.4.1, RFC 5425 section 4.3).
import { createSocket } from 'node:dgram';
import { isIP, connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SyslogSettings } from '@foretop/proto/api';
import { brokenOff, type Delivery, type Outgoing, type Sender } from './delivery.ts';
import { cutUtf8, findingFrame, noteFrame } from './syslog-frame.ts';

/** Receivers should take so much in a datagram: RFC 5426 section 3.2. */
const mostDatagramBytes = 2_048;
const patienceMs = 15_000;
const closingMs = 1_000;

export async function sendSyslog(settings: SyslogSettings, message: Outgoing, sender: Sender): Promise<Delivery> {
  const frames = framesOf(settings, message, sender);
  const sent = frames.join('\n');
  try {
    if (settings.transport === 'udp') await sendDatagrams(settings, frames);
    else await sendStream(settings, frames, sender.signal);
    const how =
      settings.transport === 'udp' ? 'sent; nothing confirms that it came' : 'written; syslog confirms nothing';
    return { ok: true, detail: `${frames.length} ${frames.length === 1 ? 'message' : 'messages'} ${how}`, sent };
  } catch (error) {
    const { code, message: text } = error as { code?: string; message: string };
    return { ok: false, detail: code === undefined ? text : `${code}: ${text}`, sent };
  }
}

function framesOf({ facility }: SyslogSettings, message: Outgoing, { hostname, dashboard }: Sender): string[] {
  const sender = { facility, hostname };
  const time = message.createdAt.toISOString();
  if (message.kind === 'test') return [noteFrame(sender, time, 'test', `Foretop: this is a test. ${dashboard}`)];
  const { items, more } = message.content;
  const frames = items.map((item) => findingFrame(item, sender));
  if (more > 0) frames.push(noteFrame(sender, time, 'more', `and ${more} more changes: ${dashboard}/findings`));
  return frames;
}

async function sendDatagrams({ host, port }: SyslogSettings, frames: readonly string[]): Promise<void> {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
  try {
    for (const frame of frames) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      socket.once('error', reject);
      socket.send(cutUtf8(frame, mostDatagramBytes), port, host, (error) => (error ? reject(error) : resolve()));
      await promise;
      socket.off('error', reject);
    }
  } finally {
    socket.close();
  }
}

/** Written and closed in order. A receiver that closes its side too, or resets, is waited for a little. */
async function sendStream(
  { host, port, transport }: SyslogSettings,
  frames: readonly string[],
  stop: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const data = Buffer.concat(frames.map((frame) => counted(Buffer.from(frame))));
  const finish = (socket: Socket) => socket.end(data);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket: Socket =
    transport === 'tls'
      ? connectTls({ host, port, ...servername }, () => finish(socket))
      : connectPlain({ host, port }, () => finish(socket));
  const expired = new Error(`the receiver took longer than ${patienceMs / 1000} s`);
  const timer = setTimeout(() => socket.destroy(expired), patienceMs);
  const breakOff = () => void socket.destroy(new Error(brokenOff));
  stop.addEventListener('abort', breakOff);
  socket.on('error', reject);
  socket.on('finish', () => setTimeout(resolve, closingMs));
  socket.on('close', (hadError) => void (hadError || resolve()));
  // Whatever it answers is read and left aside, or the connection would never close.
  socket.resume();
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', breakOff);
    socket.destroy();
  }
}

const counted = (frame: Buffer): Buffer => Buffer.concat([Buffer.from(`${frame.length} `), frame]);
