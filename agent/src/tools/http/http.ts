// HTTP check: what a URL answers, and how long each phase took. The body is counted and thrown away.
import { type IncomingMessage, request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { formatAddress } from '@foretop/proto';
import type { HttpEvent, HttpParameters } from '@foretop/proto/tools';
import { requireAllowed } from '../aim.ts';
import { trustedRoots } from '../certificate/handshake.ts';
import { resolveTarget } from '../guard/resolve.ts';
import { connectTcp } from '../tcp-connect.ts';
import { lineOf } from '../text.ts';
import type { Tool, ToolContext } from '../tool.ts';

const mostRedirects = 5;
const connectMs = 5_000;
const answerMs = 20_000;
const mostBodyBytes = 16 << 20;
const mostHeaders = 64;
/** All of them, as they go into an event, bytes. */
const headersBytes = 10_000;
const redirects = [301, 302, 303, 307, 308];

type Phases = HttpEvent['phases'];

export const http: Tool<'http'> = {
  target: ({ url }) => hostOf(new URL(url)),
  async aim({ url }, { guard, signal }) {
    const addresses = await resolveTarget(hostOf(new URL(url)), 'any', signal);
    requireAllowed(addresses[0]!, 'connect', guard);
    return addresses;
  },
  async run(context) {
    const { parameters, addresses, say } = context;
    let url = new URL(parameters.url);
    let address = addresses[0]!;
    let resolveMs: number | undefined;
    for (let followed = 0; ; followed++) {
      const { event, location } = await ask(url, address, context);
      say(resolveMs === undefined ? event : { ...event, phases: { resolve: resolveMs, ...event.phases } });
      const next = location === undefined ? undefined : nextUrl(url, location);
      const mayFollow = parameters.followRedirects && next !== undefined && followed < mostRedirects;
      if (!mayFollow) {
        const more = next === undefined ? '' : `, leads to ${lineOf(next.href, 300)}`;
        return {
          detail: `${event.status} ${event.statusText}${more}`,
          summary: { status: event.status, redirects: followed, bodyBytes: event.bodyBytes },
        };
      }
      url = next;
      const startedMs = performance.now();
      address = await nextAddress(url, context);
      resolveMs = elapsedMs(startedMs);
    }
  },
};

/** Where a redirect leads is judged like what a person asks for. Throws ToolRefusal. */
async function nextAddress(url: URL, { guard, signal }: ToolContext<'http'>): Promise<Uint8Array> {
  const [first] = await resolveTarget(hostOf(url), 'any', signal);
  requireAllowed(first!, 'connect', guard);
  return first!;
}

/** undefined: it leads to something that is no web page. */
function nextUrl(from: URL, location: string): URL | undefined {
  if (!URL.canParse(location, from)) return undefined;
  const next = new URL(location, from);
  const isPlain = /^https?:$/.test(next.protocol) && next.username === '' && next.password === '';
  return isPlain && next.href.length <= 2_048 ? next : undefined;
}

async function ask(
  url: URL,
  address: Uint8Array,
  { parameters, signal }: ToolContext<'http'>,
): Promise<{ event: HttpEvent; location: string | undefined }> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const phases: Omit<Phases, 'firstByte'> = {};
  const socket = await open(url, address, phases, over);
  try {
    const startedMs = performance.now();
    const response = await answerOf(socket, url, parameters.method, over);
    const firstByte = elapsedMs(startedMs);
    const bodyStartedMs = performance.now();
    const bodyBytes = await countBody(response, over);
    const { statusCode = 0, statusMessage = '', httpVersion, headers } = response;
    const event: HttpEvent = {
      ...{ kind: 'http', url: lineOf(url.href, 2_048), status: statusCode, statusText: lineOf(statusMessage, 255) },
      version: `HTTP/${httpVersion}`.slice(0, 16),
      phases: { ...phases, firstByte, body: elapsedMs(bodyStartedMs) },
      headers: shownHeaders(response.rawHeaders),
      bodyBytes,
      remote: formatAddress(address),
    };
    return { event, location: redirects.includes(statusCode) ? headers.location : undefined };
  } finally {
    socket.destroy();
  }
}

async function open(
  url: URL,
  address: Uint8Array,
  phases: Omit<Phases, 'firstByte'>,
  signal: AbortSignal,
): Promise<Socket> {
  const isSecure = url.protocol === 'https:';
  const port = Number(url.port) || (isSecure ? 443 : 80);
  const startedMs = performance.now();
  const { outcome, errno, socket } = await connectTcp({ address, port, timeoutMs: connectMs }, signal);
  if (!socket) throw new Error(outcome === 'timeout' ? 'no connection in time' : `no connection: ${errno}`);
  phases.connect = elapsedMs(startedMs);
  if (!isSecure) return socket;
  const tlsStartedMs = performance.now();
  const secured = await secure(socket, hostOf(url), signal);
  phases.tls = elapsedMs(tlsStartedMs);
  return secured;
}

function secure(socket: Socket, name: string, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const secured = connectTls({
    socket,
    host: name,
    ca: trustedRoots(),
    ALPNProtocols: ['http/1.1'],
    ...(isIP(name) === 0 && { servername: name }),
  });
  const stop = () => secured.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  secured.on('error', (error) => reject(certificateFault(error) ?? error));
  secured.once('secureConnect', () => resolve(secured));
  secured.once('close', () => reject(new Error('the server closed the connection during the handshake')));
  return promise.finally(() => signal.removeEventListener('abort', stop));
}

/** undefined: it failed for something else. */
function certificateFault({ code = '' }: NodeJS.ErrnoException): Error | undefined {
  if (!/CERT|ISSUER|SIGNATURE/.test(code)) return undefined;
  return new Error(`the certificate is not accepted (${code}); the certificate check says more`);
}

function answerOf(
  socket: Socket,
  url: URL,
  method: HttpParameters['method'],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = request({
    createConnection: () => socket,
    method,
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, 'user-agent': 'Foretop', accept: '*/*', connection: 'close' },
    maxHeaderSize: 16_384,
    signal,
  });
  asked.on('error', reject);
  asked.on('response', resolve);
  // Whatever it offers to become: it is not followed there.
  asked.on('upgrade', (response) => resolve(response));
  asked.end();
  return promise;
}

/** Ends at the bound: the rest stays where it is. */
async function countBody(response: IncomingMessage, signal: AbortSignal): Promise<number> {
  if (response.statusCode === 101) return 0;
  let bytes = 0;
  for await (const chunk of response) {
    signal.throwIfAborted();
    bytes += (chunk as Buffer).length;
    if (bytes >= mostBodyBytes) break;
  }
  return Math.min(bytes, mostBodyBytes);
}

function shownHeaders(raw: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  let room = headersBytes;
  for (let at = 0; at + 1 < raw.length && found.length < mostHeaders; at += 2) {
    const pair: [string, string] = [lineOf(raw[at]!, 200), lineOf(raw[at + 1]!, 1_000)];
    room -= Buffer.byteLength(JSON.stringify(pair));
    if (room < 0) break;
    found.push(pair);
  }
  return found;
}

/** Without the brackets of an IPv6 address. */
const hostOf = (url: URL) => url.hostname.replace(/^\[(.*)\]$/, '$1');

const elapsedMs = (sinceMs: number) => Math.round((performance.now() - sinceMs) * 1_000) / 1_000;
