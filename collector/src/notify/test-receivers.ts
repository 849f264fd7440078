// For tests: receivers on loopback as there are outside: web servers, a mail server, syslog receivers; and messages to send.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { FindingChange } from './change.ts';
import { contentOf, subjectOf } from './content.ts';
import { itemOf } from './item.ts';
import type { Outgoing, Sender } from './delivery.ts';

export const sender: Sender = {
  collectorId: 'c0ffee',
  dashboard: 'https://foretop.example',
  version: '1.2.3',
  hostname: 'collector',
  signal: new AbortController().signal,
};

export const change = (more: Partial<FindingChange> = {}): FindingChange => ({
  change: 'opened',
  findingId: '00ff',
  hostId: 1,
  severity: 'high',
  detector: 'port-scan',
  title: 'Port scan',
  technique: { id: 'T1046', name: 'Network Service Discovery' },
  summary: '203.0.113.7 probed 1,000 ports of this host in 12 s',
  peer: '203.0.113.7',
  process: '',
  startUs: 1_795_000_000_000_000,
  endUs: 1_795_000_012_000_000,
  count: 1000,
  score: 0.9,
  ...more,
});

export function outgoing(changes: readonly FindingChange[], more: Partial<Outgoing> = {}): Outgoing {
  const items = changes.map((one) => ({ ...itemOf(one), host: 'web-1' }));
  return {
    id: 17,
    channelId: 1,
    channelName: 'channel',
    settings: { kind: 'webhook', url: 'https://unused.example/', format: 'json' },
    secret: null,
    routeName: 'route',
    kind: 'findings',
    count: items.length,
    subject: subjectOf(items),
    content: contentOf(items),
    createdAt: new Date('2026-11-20T03:12:00Z'),
    attempts: 1,
    ...more,
  };
}

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers as `respond` does; without, with 204. */
export async function webServer(respond?: (response: ServerResponse, received: Received) => void) {
  const received: Received[] = [];
  const server = createHttpServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const one = { headers: request.headers, body: Buffer.concat(parts).toString() };
      received.push(one);
      if (respond === undefined) response.writeHead(204).end();
      else respond(response, one);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    received,
    url: `http://127.0.0.1:${port}/hook/secret-part`,
    port,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return closed(server);
    },
  };
}

export interface Certificate {
  key: string;
  cert: string;
}

/** Of localhost and 127.0.0.1, signed by itself; undefined, and said so, where there is no openssl. */
export function certificate(): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-notify-tls-'));
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    execFileSync('openssl', [...made, ...subject, '-keyout', 'key.pem', '-out', 'cert.pem'], {
      cwd: folder,
      stdio: 'ignore',
    });
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    return { key: read('key.pem'), cert: read('cert.pem') };
  } catch (error) {
    console.warn(`TLS of notifications: not tested, the certificate needs openssl: ${String(error)}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface MailServerOptions {
  certificate?: Certificate | undefined;
  /** Reply to a line in place of the usual one; undefined = the usual. */
  reply?: (line: string) => string | undefined;
  /** It takes the connection and says nothing. */
  silent?: boolean;
}

/** As much of SMTP as it takes to get a mail. */
export async function mailServer(options: MailServerOptions = {}) {
  const mails: { from: string; to: string[]; text: string; encrypted: boolean }[] = [];
  const logins: string[] = [];
  const sockets = new Set<Socket>();

  function talk(socket: Socket, encrypted: boolean): void {
    let buffer = '';
    let data: string[] | undefined;
    let [from, to]: [string, string[]] = ['', []];
    const say = (text: string) => socket.write(`${text}\r\n`);
    socket.on('error', () => undefined);
    socket.on('data', (part) => {
      buffer += part.toString('utf8');
      for (let end; (end = buffer.indexOf('\r\n')) !== -1;) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (data === undefined) command(line);
        else if (line === '.') {
          mails.push({ from, to, text: data.join('\r\n'), encrypted });
          data = undefined;
          say('250 queued as 42');
        } else data.push(line.replace(/^\.\./, '.'));
      }
    });

    function command(line: string): void {
      const other = options.reply?.(line);
      if (other !== undefined) return void say(other);
      const [verb = ''] = line.toUpperCase().split(/[ :]/);
      if (verb === 'EHLO') {
        const starttls = options.certificate !== undefined && !encrypted ? '250-STARTTLS\r\n' : '';
        return void say(`250-mail.example\r\n${starttls}250 AUTH PLAIN`);
      }
      if (verb === 'STARTTLS') {
        say('220 go ahead');
        socket.removeAllListeners('data');
        return talk(new TLSSocket(socket, { isServer: true, ...options.certificate! }), true);
      }
      if (verb === 'AUTH') {
        logins.push(Buffer.from(line.split(' ')[2] ?? '', 'base64').toString());
        return void say('235 welcome');
      }
      if (verb === 'MAIL') [from, to] = [line, []];
      if (verb === 'RCPT') to.push(line);
      if (verb === 'DATA') {
        data = [];
        return void say('354 go on');
      }
      say(verb === 'QUIT' ? '221 bye' : '250 ok');
    }
    if (!encrypted) say('220 mail.example');
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (options.silent !== true) talk(socket, false);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    mails,
    logins,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}

export async function datagramReceiver() {
  const received: Buffer[] = [];
  const socket = createSocket('udp4', (message) => received.push(message));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    received,
    port: socket.address().port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

/** Reads all, and closes after the other side did, unless it is one that `neverCloses`. */
export async function streamReceiver(options: { certificate?: Certificate; neverCloses?: boolean } = {}) {
  const received: Buffer[] = [];
  const sockets = new Set<Socket>();
  const take = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (part: Buffer) => received.push(part));
  };
  const open = { allowHalfOpen: options.neverCloses === true };
  const server = options.certificate
    ? createTlsServer({ ...open, ...options.certificate }, take)
    : createServer(open, take);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    text: () => Buffer.concat(received).toString(),
    bytes: () => Buffer.concat(received),
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}

const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

export function passwordFile(password: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'foretop-notify-')), 'password');
  writeFileSync(path, `${password}\n`);
  return path;
}
