// What a request brings along to say who sent it: a bearer token, or both halves of a session.
import type { IncomingHttpHeaders } from 'node:http';

export const cookieName = 'foretop_session';
const secretHeader = 'x-foretop-session';
/** Subprotocol prefix under which a browser hands over the secret, since its WebSocket cannot set headers. */
const secretProtocol = 'secret.';

export type Credentials = { token: string } | { cookie: string; secret: string };

/** A session is both halves: the cookie alone is sent along by any page on any port of localhost. */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return { token: bearer };
  const cookie = cookieValue(headers.cookie ?? '');
  const secret = headerSecret(headers);
  return cookie !== undefined && secret !== undefined ? { cookie, secret } : undefined;
}

function headerSecret(headers: IncomingHttpHeaders): string | undefined {
  const header = headers[secretHeader];
  if (typeof header === 'string') return header;
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return protocols.find((name) => name.startsWith(secretProtocol))?.slice(secretProtocol.length);
}

function cookieValue(header: string): string | undefined {
  const pair = header
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookieName}=`));
  return pair?.slice(cookieName.length + 1);
}
