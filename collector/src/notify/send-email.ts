// E-mail over the mail server of the configuration: text and HTML, encrypted unless it was said that it need not be.
import { readFile } from 'node:fs/promises';
import type { EmailSettings } from '@foretop/proto/api';
import { createTransport } from 'nodemailer';
import { mailHtml, mailText } from './mail-body.ts';
import { brokenOff, type Delivery, type Outgoing, type Sender } from './delivery.ts';

export interface MailServer {
  host: string;
  port: number;
  /** `starttls`: without it nothing is sent. */
  encryption: 'starttls' | 'tls' | 'none';
  user: string | undefined;
  /** A secret, revealed where it is used. */
  password: { reveal(): string } | undefined;
  /** In place of `password`: read for each mail, so that it may change. */
  passwordFile: string | undefined;
  from: string;
}

const connectMs = 10_000;
const answerMs = 20_000;
const patienceMs = 45_000;

export type SendEmail = (settings: EmailSettings, message: Outgoing) => Promise<Delivery>;

export function createMailer(server: MailServer | undefined, sender: Sender): SendEmail {
  if (server === undefined) {
    const detail = 'No mail server is configured: set smtp.url and smtp.from.';
    return () => Promise.resolve({ ok: false, permanent: true, detail, sent: null });
  }
  return async (settings, message) => {
    let sent: string | null = null;
    try {
      const raw = await write(server, settings, message, sender);
      sent = raw.toString('utf8');
      const transport = createTransport(await transportOptions(server));
      const envelope = { from: server.from, to: settings.to };
      const sending = transport.sendMail({ envelope, raw });
      const info = await Promise.race([sending, expiry(sender.signal)]).finally(() => transport.close());
      const refused = info.rejected.length > 0 ? `; refused: ${info.rejected.map(String).join(', ')}` : '';
      return { ok: true, detail: `${info.response}${refused}`, sent };
    } catch (error) {
      return failure(error, sent);
    }
  };
}

async function transportOptions(server: MailServer) {
  const { host, port, encryption, user, passwordFile } = server;
  const password =
    passwordFile === undefined ? server.password?.reveal() : (await readFile(passwordFile, 'utf8')).trim();
  return {
    ...{ host, port, secure: encryption === 'tls' },
    ...{ requireTLS: encryption === 'starttls', ignoreTLS: encryption === 'none' },
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    ...{ connectionTimeout: connectMs, greetingTimeout: connectMs, socketTimeout: answerMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  };
}

/** The bytes as the server gets them. The same message has the same Message-ID, however often it is sent. */
async function write(server: MailServer, settings: EmailSettings, message: Outgoing, sender: Sender): Promise<Buffer> {
  const writer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const info = await writer.sendMail({
    from: { name: 'Foretop', address: server.from },
    to: settings.to,
    subject: message.subject,
    messageId: `<${message.id}.${sender.collectorId}@foretop.invalid>`,
    date: message.createdAt,
    // RFC 3834 section 5: nobody's absence note comes back.
    headers: { 'Auto-Submitted': 'auto-generated' },
    text: mailText(message, sender),
    html: mailHtml(message, sender),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return info.message as Buffer;
}

/** Beyond it nobody waits; the connection itself ends with its own time-outs. */
function expiry(stop: AbortSignal): Promise<never> {
  const expired = new Error(`the mail server took longer than ${patienceMs / 1000} s`);
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(reject, patienceMs, expired).unref();
    stop.addEventListener('abort', () => (clearTimeout(timer), reject(new Error(brokenOff))), { once: true });
  });
}

/** Replies of 500 and above say that the same mail will not be taken (RFC 5321 section 4.2.1); a refused sign-in may be mended. */
function failure(error: unknown, sent: string | null): Delivery {
  const { code, responseCode, message } = error as { code?: string; responseCode?: number; message: string };
  const permanent = code !== 'EAUTH' && responseCode !== undefined && responseCode >= 500;
  return { ok: false, permanent, detail: code === undefined ? message : `${code}: ${message}`, sent };
}
