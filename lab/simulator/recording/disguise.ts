// Other names for all that would tell whose host it was: the same name for the same thing, whatever the order in which things came.
import { BlockList, isIP } from 'node:net';
import type { Process } from '@foretop/proto/api';
import type { FarKind, ReplacedKind } from './snapshot.ts';

export interface Known {
  /** All addresses that were seen: none of them is given to another. */
  seen: Iterable<string>;
  /** Those of them that will be asked for. */
  addresses: Iterable<string>;
  own: readonly string[];
  names: Iterable<string>;
  containers: Iterable<string>;
  /** Words that must not stand in any name: the host's, and those of its users. */
  words: Iterable<string>;
}

export interface Disguise {
  kindOf(address: string): Exclude<FarKind, 'resolver'>;
  address(address: string): string;
  name(name: string): string;
  program(process: Process): string;
  executable(process: Process): string;
  unit(process: Process): string;
  container(id: string): number;
  interfaceName(name: string): string;
  /** How many different ones were asked for and given another name. */
  replaced(): Record<ReplacedKind, number>;
}

/** Where packages of the system put programs. */
const packaged = /^(\/usr)?\/(bin|sbin|lib|lib64|libexec)(\/[a-z][\w.+-]*){1,4}$/i;
const plainProgram = /^[a-z][a-z0-9_.+-]{0,30}$/i;
/** Ids, hashes and hardware addresses. */
const machineMade = /[0-9a-f]{8,}/i;
const plainInterface = /^(lo|docker0|(eth|wlan|ens|eno|ifb|bond|wg|tun|tap|br|virbr)\d{1,3}|enp\d{1,3}s\d{1,3})$/;

export function createDisguise(known: Known): Disguise {
  const words = [...new Set([...known.words].map((word) => word.toLowerCase()).filter((word) => word.length > 2))];
  const addresses = disguiseAddresses(known);
  const names = disguiseNames(known.names);
  const containers = numbered(known.containers);
  const replaced = new Map<ReplacedKind, Set<string>>();
  const note = <Result>(kind: ReplacedKind, from: string, to: Result): Result => {
    if (from !== to && from !== '') replaced.set(kind, (replaced.get(kind) ?? new Set()).add(from));
    return to;
  };
  const tells = (text: string) => machineMade.test(text) || words.some((word) => text.toLowerCase().includes(word));
  const isPackaged = ({ executable }: Process) => packaged.test(executable) && !machineMade.test(executable);
  const program = (process: Process): string => {
    const name = process.executable.slice(process.executable.lastIndexOf('/') + 1);
    const isPlain = plainProgram.test(name) && !machineMade.test(name) && (isPackaged(process) || !tells(name));
    return note('programs', name, isPlain ? name.slice(0, 15) : 'program');
  };
  return {
    kindOf: (address) => (known.own.includes(address) || isLoopback(address) ? 'loopback' : kindOf(address)),
    address: (address) => note('addresses', address, addresses.get(address)!),
    name: (name) => note('names', name, names.get(name)!),
    program,
    executable(process) {
      const { executable } = process;
      return note('paths', executable, isPackaged(process) ? executable : `/opt/example/bin/${program(process)}`);
    },
    unit(process) {
      const { unit } = process;
      const [, stem, instance, type] = /^([a-z][a-z0-9-]*)(@[^.]*)?\.(service|socket)$/i.exec(unit) ?? [];
      if (unit === '') return '';
      const isPlain = stem !== undefined && isPackaged(process) && !tells(stem) && type !== undefined;
      if (isPlain) return note('units', unit, `${stem}${instance === undefined ? '' : '@example'}.${type}`);
      return note('units', unit, unit.endsWith('.scope') ? 'session-1.scope' : `${program(process)}.service`);
    },
    container: (id) => note('containers', id, 1 + containers.indexOf(id)),
    interfaceName: (name) => note('interfaces', name, plainInterface.test(name) ? name : 'other0'),
    replaced: () => ({
      addresses: replaced.get('addresses')?.size ?? 0,
      names: replaced.get('names')?.size ?? 0,
      programs: replaced.get('programs')?.size ?? 0,
      paths: replaced.get('paths')?.size ?? 0,
      units: replaced.get('units')?.size ?? 0,
      containers: replaced.get('containers')?.size ?? 0,
      interfaces: replaced.get('interfaces')?.size ?? 0,
    }),
  };
}

const numbered = (values: Iterable<string>) => [...new Set(values)].toSorted();

/** Networks that are nobody's in particular. */
const inside = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['255.255.255.255', 32],
] as const)
  inside.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(network, prefix, 'ipv6');

const isLoopback = (address: string) => address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));

function kindOf(address: string): 'internet' | 'intranet' {
  return inside.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') ? 'intranet' : 'internet';
}

const documentation = ['192.0.2', '198.51.100', '203.0.113'] as const;
/** The n-th of a kind, from 0: RFC 5737 and then RFC 2544, RFC 3849, and the company's network of the simulated world. */
const candidates = {
  internet4: (n: number) =>
    `${documentation[Math.floor(n / 254)] ?? `198.18.${Math.floor(n / 254) % 250}`}.${1 + (n % 254)}`,
  internet6: (n: number) => `2001:db8::${(n + 1).toString(16)}`,
  intranet4: (n: number) => `10.99.${1 + (Math.floor(n / 250) % 250)}.${1 + (n % 250)}`,
  intranet6: (n: number) => `fd99::${(n + 1).toString(16)}`,
};

/** None is given that the host itself has seen: what stands in a snapshot is never of the source. */
function disguiseAddresses({ addresses, seen }: Known): Map<string, string> {
  const wanted = numbered(addresses);
  const taken = new Set(seen);
  const given = new Map<string, string>();
  for (const [kind, candidate] of Object.entries(candidates)) {
    const ofKind = wanted.filter((address) => isIP(address) && kind === `${kindOf(address)}${isIP(address)}`);
    let n = 0;
    for (const address of ofKind) {
      while (taken.has(candidate(n))) n++;
      given.set(address, candidate(n++));
    }
  }
  return given;
}

/** Names of one domain stay together: `host-2.zone-1.example` (RFC 2606). */
function disguiseNames(names: Iterable<string>): Map<string, string> {
  const seen = numbered(names);
  const taken = new Set(seen);
  const zoneOf = (name: string) => name.split('.').slice(-2).join('.');
  const given = new Map<string, string>();
  let number = 0;
  for (const zone of numbered(seen.map(zoneOf))) {
    do number++;
    while (seen.some((name) => name.endsWith(`zone-${number}.example`)));
    const within = seen.filter((name) => zoneOf(name) === zone);
    for (const [index, name] of within.entries()) {
      given.set(name, name === zone ? `zone-${number}.example` : `host-${index + 1}.zone-${number}.example`);
    }
  }
  for (const name of given.values()) if (taken.has(name)) throw new Error(`the name '${name}' was given to two things`);
  return given;
}
