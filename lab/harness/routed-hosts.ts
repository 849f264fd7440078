// Four hosts in a row, each in a network namespace of its own, with known ways between them:
//
//   near 10.91.1.2 ── 10.91.1.1 first router 10.91.2.1 ── 10.91.2.2 second router 10.91.3.1 ── 10.91.3.2 target
//                                                         second router 10.91.4.1 ── 10.91.4.2 beside
//
// The same in IPv6 with fd00:91:N::H.
import { execFileSync } from 'node:child_process';
import { makeNamespace } from './network-namespace.ts';

export interface RoutedHosts extends Disposable {
  near: { name: string };
  first: { name: string };
  second: { name: string };
  target: { name: string };
  beside: { name: string };
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });

/** Runs a command there. */
export function inNamespace({ name }: { name: string }, ...command: string[]): string {
  return execFileSync('ip', ['netns', 'exec', name, ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

export function makeRoutedHosts(label: string): RoutedHosts {
  const stack = new DisposableStack();
  try {
    const make = (which: string) => stack.use(makeNamespace(`${label}-${which}`));
    const [near, first, second] = [make('near'), make('first'), make('second')];
    const [target, beside] = [make('target'), make('beside')];
    join(1, [near, 2], [first, 1]);
    join(2, [first, 1], [second, 2]);
    join(3, [second, 1], [target, 2]);
    join(4, [second, 1], [beside, 2]);
    for (const router of [first, second]) {
      inNamespace(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
      // A router may say as often as it likes that a packet's time is over; that it does not is another test's business.
      inNamespace(router, 'sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0');
    }
    route(near, 'default', 1, 1);
    route(target, 'default', 3, 1);
    route(beside, 'default', 4, 1);
    route(second, '1', 2, 1);
    for (const network of ['3', '4']) route(first, network, 2, 2);
    const owned = stack.move();
    return { near, first, second, target, beside, [Symbol.dispose]: () => owned.dispose() };
  } catch (error) {
    stack.dispose();
    throw error;
  }
}

/** `network`: the number of one, or "default". */
function route({ name }: { name: string }, network: string, via: number, host: number): void {
  const [to4, to6] =
    network === 'default' ? ['default', 'default'] : [`10.91.${network}.0/24`, `fd00:91:${network}::/64`];
  ip('-n', name, 'route', 'add', to4, 'via', `10.91.${via}.${host}`);
  ip('-n', name, '-6', 'route', 'add', to6, 'via', `fd00:91:${via}::${host}`);
}

function join(network: number, ...ends: [[{ name: string }, number], [{ name: string }, number]]): void {
  const link = `net${network}`;
  const [[one], [other]] = ends;
  ip('-n', one.name, 'link', 'add', link, 'type', 'veth', 'peer', 'name', link, 'netns', other.name);
  for (const [{ name }, host] of ends) {
    ip('-n', name, 'address', 'add', `10.91.${network}.${host}/24`, 'dev', link);
    ip('-n', name, 'address', 'add', `fd00:91:${network}::${host}/64`, 'dev', link, 'nodad');
    ip('-n', name, 'link', 'set', link, 'up');
  }
}
