// Holds the port on both loopback addresses, and on another if asked for, from the first moment, and answers 503 until the collector is ready.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { problemResponse, RequestError } from './problem.ts';

export interface Handlers {
  request: RequestListener;
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface Listener extends AsyncDisposable {
  readonly port: number;
  serve(handlers: Handlers): void;
  /** Takes no new connections and waits, not for long, until the requests in flight are answered. WebSockets stay. */
  stop(): Promise<void>;
  counters(): Record<string, number>;
}

export class ListenError extends Error {
  readonly code: 'port-in-use' | 'port-forbidden' | 'listen-failed';
  readonly retryable = false;
  constructor(code: ListenError['code'], message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
    this.code = code;
  }
}

const requestTimeoutMs = 30_000;
const headersTimeoutMs = 10_000;
const mostConnections = 4_096;
/** How long requests in flight are waited for. */
const drainMs = 2_000;

const allAddresses = ['0.0.0.0', '::'];

/** Port 0 takes any free one. `address` is listened on beside loopback; 0.0.0.0 and :: stand for all. Throws ListenError. */
export async function listen(port: number, log: Logger, address?: string): Promise<Listener> {
  let handlers: Handlers = {
    request: (_request, response) => void response.writeHead(503, startingHeaders).end(startingBody),
    upgrade: refuseUpgrade,
  };
  let connections = 0;
  let inFlight = 0;
  const create = (): Server => {
    const server = createServer(
      { requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs },
      (request, response) => {
        inFlight += 1;
        response.once('close', () => (inFlight -= 1));
        handlers.request(request, response);
      },
    );
    server.maxConnections = mostConnections;
    server.on('connection', () => (connections += 1));
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      handlers.upgrade(request, socket, head);
    });
    return server;
  };

  await using resources = new AsyncDisposableStack();
  const first = create();
  const onAll = address !== undefined && allAddresses.includes(address);
  await bind(first, port, onAll ? address : '127.0.0.1');
  resources.defer(() => close(first));
  const bound = (first.address() as AddressInfo).port;
  const servers = [first];
  const keep = (server: Server) => {
    resources.defer(() => close(server));
    servers.push(server);
  };
  if (!onAll) {
    const second = create();
    if (await bindIfPresent(second, bound, '::1', log)) keep(second);
    if (address !== undefined) {
      const third = create();
      await bind(third, bound, address);
      keep(third);
    }
  }
  const open = resources.move();
  return {
    port: bound,
    serve: (ready) => void (handlers = ready),
    counters: () => ({ connections_total: connections, requests_in_flight: inFlight }),
    async stop() {
      for (const server of servers) {
        server.close();
        server.closeIdleConnections();
      }
      const deadline = Date.now() + drainMs;
      while (inFlight > 0 && Date.now() < deadline) await setTimeout(20);
      // Connections that were busy above would be kept open for further requests.
      for (const server of servers) server.closeIdleConnections();
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Answers an upgrade in HTTP. */
export function refuse(socket: Duplex, error: RequestError): void {
  const body = JSON.stringify(error.document());
  const headers = {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...error.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${error.status} Refused\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

const starting = new RequestError('unavailable', 'The collector is starting.', { headers: { 'retry-after': '1' } });
const startingBody = JSON.stringify(starting.document());
const startingHeaders = Object.fromEntries(problemResponse(starting).headers);

const refuseUpgrade: Handlers['upgrade'] = (_request, socket) => refuse(socket, starting);

function bind(server: Server, port: number, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port, address)));
  server.listen({ port, host: address, exclusive: true }, resolve);
  return promise;
}

/** A machine without IPv6 is served on 127.0.0.1 alone. */
async function bindIfPresent(server: Server, port: number, address: string, log: Logger): Promise<boolean> {
  try {
    await bind(server, port, address);
    return true;
  } catch (error) {
    const code = ((error as ListenError).cause as NodeJS.ErrnoException).code;
    if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') throw error;
    log.info({ event: 'no-ipv6-loopback', address });
    return false;
  }
}

function listenError(error: NodeJS.ErrnoException, port: number, address: string): ListenError {
  const at = `Port ${port} on ${address}`;
  if (error.code === 'EADDRINUSE') {
    return new ListenError(
      'port-in-use',
      `${at} is in use by another program (another Foretop?). Stop that program, or choose another port with --port or FORETOP_PORT.`,
      error,
    );
  }
  if (error.code === 'EACCES') {
    return new ListenError(
      'port-forbidden',
      `${at} may not be used by this user. Choose one above 1023 with --port or FORETOP_PORT.`,
      error,
    );
  }
  return new ListenError('listen-failed', `${at} cannot be opened: ${error.message}.`, error);
}

/** Whatever is still open is cut; sockets that became WebSockets belong to others. */
function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** The path of an upgrade, without its query. */
export function upgradePath(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0]!;
}
