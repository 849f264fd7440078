// Webhooks: one POST with our own JSON document and its signature, or with a text as chat services take it.
import { createHmac } from 'node:crypto';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { WebhookSettings } from '@foretop/proto/api';
import { chatText } from './chat-text.ts';
import { jsonDocument } from './json-document.ts';
import { addressFault, checkedLookup } from './receiver-address.ts';
import { brokenOff, type Delivery, type Outgoing, type Sender } from './delivery.ts';

const patienceMs = 15_000;
const mostAnswerBytes = 4_096;
const mostRetryAfterMs = 3_600_000;
/** RFC 9110 section 15, and 425 of RFC 8470: the same request may succeed later. */
const passingStatus = (status: number) => status >= 500 || [408, 425, 429].includes(status);

export async function sendWebhook(settings: WebhookSettings, message: Outgoing, sender: Sender): Promise<Delivery> {
  const url = new URL(settings.url);
  const body = JSON.stringify(
    settings.format === 'chat' ? { text: chatText(message, sender) } : jsonDocument(message, sender),
  );
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': `foretop/${sender.version}`,
    'foretop-message': `${sender.collectorId}/${message.id}`,
    ...(settings.format === 'json' && message.secret !== null && signature(message.secret, body)),
  };
  const sent = [`POST ${shownUrl(settings.url)}`, ...lines(headers), '', body].join('\n');
  const refused = isIP(bareHost(url)) ? addressFault(bareHost(url), url.protocol === 'http:') : undefined;
  if (refused !== undefined) return { ok: false, permanent: true, detail: refused, sent: null };
  try {
    const { status, retryAfter, text } = await post(url, headers, body, sender.signal);
    const detail = `HTTP ${status}${text === '' ? '' : `: ${text}`}`;
    if (status >= 200 && status < 300) return { ok: true, detail, sent };
    if (status >= 300 && status < 400)
      return { ok: false, permanent: true, detail: `HTTP ${status}: redirects are not followed`, sent };
    return { ok: false, permanent: !passingStatus(status), retryAfterMs: retryAfterMs(retryAfter), detail, sent };
  } catch (error) {
    return failure(error, sent, sender.signal);
  }
}

function failure(error: unknown, sent: string, stop: AbortSignal): Delivery {
  const { code, name, message } = error as { code?: string; name?: string; message: string };
  if (code === 'address-refused') return { ok: false, permanent: true, detail: message, sent: null };
  if (stop.aborted) return { ok: false, detail: brokenOff, sent };
  if (name === 'AbortError' || name === 'TimeoutError')
    return { ok: false, detail: `no answer within ${patienceMs / 1000} s`, sent };
  return { ok: false, detail: code === undefined ? message : `${code}: ${message}`, sent };
}

/** `t` is when it was signed, in Unix seconds; `v1` the HMAC-SHA256 of "<t>.<body>" in hex. */
export function signature(secret: string, body: string, unixMs: number = Date.now()): Record<string, string> {
  const t = Math.floor(unixMs / 1000);
  const mac = createHmac('sha256', Buffer.from(secret, 'base64url')).update(`${t}.${body}`).digest('hex');
  return { 'foretop-signature': `t=${t},v1=${mac}` };
}

interface Answer {
  status: number;
  retryAfter: string | undefined;
  text: string;
}

function post(url: URL, headers: Record<string, string>, body: string, stop: AbortSignal): Promise<Answer> {
  const request = url.protocol === 'https:' ? tlsRequest : plainRequest;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    agent: false,
    lookup: checkedLookup(url.protocol === 'http:'),
    signal: AbortSignal.any([stop, AbortSignal.timeout(patienceMs)]),
  });
  outgoing.on('error', reject);
  outgoing.on('response', (response) => {
    readBounded(response).then(
      (text) => resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text }),
      reject,
    );
  });
  outgoing.end(body);
  return promise;
}

/** Beyond the bound the connection is cut; what came says enough. */
async function readBounded(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= mostAnswerBytes) break;
  }
  response.destroy();
  return Buffer.concat(parts).subarray(0, mostAnswerBytes).toString('utf8').trim();
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(waitMs) ? Math.min(mostRetryAfterMs, Math.max(0, waitMs)) : undefined;
}

const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
const lines = (headers: Record<string, string>) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

/** Paths, queries and users of chat services' addresses are secrets: shown is where it goes. */
export function shownUrl(text: string): string {
  const url = new URL(text);
  const bare = url.pathname === '/' && url.search === '' && url.username === '' && url.password === '';
  return bare ? `${url.origin}/` : `${url.origin}/…`;
}
