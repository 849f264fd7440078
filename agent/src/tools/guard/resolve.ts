// From what a person typed to addresses, by the resolver that this host uses for everything.
import { lookup } from 'node:dns/promises';
import { parseAddress } from '../../host/portable/address.ts';
import { ToolRefusal } from '../tool-refusal.ts';

export type Family = 'any' | 'ipv4' | 'ipv6';

const mostAddresses = 16;
const lookupMs = 10_000;
const families = { any: 0, ipv4: 4, ipv6: 6 } as const;

/** In the order in which a program on this host would try them (RFC 6724). Throws ToolRefusal. */
export async function resolveTarget(target: string, family: Family, signal: AbortSignal): Promise<Uint8Array[]> {
  const literal = parseAddress(target);
  const wanted = families[family];
  if (literal) {
    if (wanted !== 0 && literal.length !== (wanted === 4 ? 4 : 16))
      throw new ToolRefusal('no-such-target', `${target} is no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address.`);
    return [literal];
  }
  const found = await withTimeout(lookup(target, { all: true, family: wanted, order: 'verbatim' }), signal).catch(
    (error: NodeJS.ErrnoException) => {
      throw new ToolRefusal('no-such-target', `'${target}': ${error.code ?? error.message}.`, { cause: error });
    },
  );
  const addresses = found.map(({ address }) => parseAddress(address)).filter((bytes) => bytes !== undefined);
  if (addresses.length === 0) throw new ToolRefusal('no-such-target', `'${target}' has no address.`);
  return addresses.slice(0, mostAddresses);
}

/** A look-up cannot be stopped; nobody waits for it any longer then. */
export async function withTimeout<T>(work: Promise<T>, signal: AbortSignal, timeMs = lookupMs): Promise<T> {
  const timeout = AbortSignal.timeout(timeMs);
  const over = AbortSignal.any([signal, timeout]);
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(timeout.aborted ? new Error(`no answer in ${timeMs / 1_000} s`) : new Error('stopped'));
    over.addEventListener('abort', stop, { once: true });
    if (over.aborted) stop();
    work.then(resolve, reject).finally(() => over.removeEventListener('abort', stop));
  });
}
