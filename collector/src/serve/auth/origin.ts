// Which Host and Origin headers the server answers to, so that neither DNS rebinding nor another site's page reaches it.
import type { IncomingHttpHeaders } from 'node:http';
import { RequestError } from '../problem.ts';

export type OriginCheck = (headers: Pick<IncomingHttpHeaders, 'host' | 'origin'>) => RequestError | undefined;

/** A page's origin must be the very one that it talks to: localhost and 127.0.0.1 are two. */
export function createOriginCheck(port: number): OriginCheck {
  const suffix = port === 80 ? '' : `:${port}`;
  const hosts = new Set(['localhost', '127.0.0.1', '[::1]'].map((name) => `${name}${suffix}`));
  return ({ host, origin }) => {
    if (host === undefined || !hosts.has(host)) {
      const asked = JSON.stringify((host ?? '').slice(0, 255));
      return new RequestError(
        'host-header-refused',
        `The request asks for ${asked}; this server is ${[...hosts].join(', ')}.`,
      );
    }
    if (origin !== undefined && origin !== `http://${host}`) {
      const asked = JSON.stringify(origin.slice(0, 255));
      return new RequestError('origin-refused', `A page of ${asked} may not talk to http://${host}.`);
    }
    return undefined;
  };
}
