// Which Host and Origin headers the server answers to, so that neither DNS rebinding nor another site's page reaches it.
import type { IncomingHttpHeaders } from 'node:http';
import { RequestError } from '../problem.ts';

export type OriginCheck = (headers: Pick<IncomingHttpHeaders, 'host' | 'origin'>) => RequestError | undefined;

/** A page's origin must be the very one that it talks to: localhost and 127.0.0.1 are two. `publicUrl` is one more origin. */
export function createOriginCheck(port: number, publicUrl?: string): OriginCheck {
  const suffix = port === 80 ? '' : `:${port}`;
  const local = ['localhost', '127.0.0.1', '[::1]'].map((name) => `http://${name}${suffix}`);
  const origins = new Map([...local, ...(publicUrl === undefined ? [] : [publicUrl])].map((url) => [hostOf(url), url]));
  return ({ host, origin }) => {
    const expected = origins.get(host ?? '');
    if (expected === undefined) {
      const asked = JSON.stringify((host ?? '').slice(0, 255));
      return new RequestError(
        'host-header-refused',
        `The request asks for ${asked}; this server is ${[...origins.keys()].join(', ')}.`,
      );
    }
    if (origin !== undefined && origin !== expected) {
      const asked = JSON.stringify(origin.slice(0, 255));
      return new RequestError('origin-refused', `A page of ${asked} may not talk to ${expected}.`);
    }
    return undefined;
  };
}

/** As a browser's Host header has it: without the scheme's own port. */
const hostOf = (url: string): string => new URL(url).host;
