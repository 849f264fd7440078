// What an interface is, besides its counters: addresses, speed, kind, and whether its bytes are the host's.
import { existsSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { readText } from './linux/procfs.ts';

export interface InterfaceDetails {
  up: boolean;
  loopback: boolean;
  counted: boolean;
  /** ARPHRD_… of include/uapi/linux/if_arp.h; undefined = unknown. */
  linkType?: number;
  speedMbit: number;
  mtu: number;
  addresses: string[];
  hardwareAddress: string;
}

/** What sysfs says of one interface. */
export interface InterfaceKind {
  /** linux/if.h IFF_*. */
  flags: number;
  operstate: string;
  /** DEVTYPE of uevent: "bridge", "bond", "vlan", "wireguard", …; empty for most. */
  deviceType: string;
  /** Has a device behind it: a card, a virtio function, a modem. */
  physical: boolean;
  bridge: boolean;
  bondMaster: boolean;
  bondSlave: boolean;
}

// linux/if.h
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;

const MAX_SPEED_MBIT = 10_000_000;

export function readInterfaceDetails(names: readonly string[], root = '/sys/class/net'): Map<string, InterfaceDetails> {
  const kinds = new Map(names.map((name) => [name, readKind(`${root}/${name}`)]));
  const counted = countedInterfaces(kinds);
  const addresses = networkInterfaces();
  return new Map(
    [...kinds].map(([name, kind]) => [
      name,
      {
        up: isUp(kind),
        loopback: isLoopback(name, kind),
        counted: counted.has(name),
        ...linkTypeOf(readText(`${root}/${name}/type`)),
        speedMbit: readSpeed(`${root}/${name}`),
        mtu: Number(readText(`${root}/${name}/mtu`)) || 0,
        addresses: (addresses[name] ?? []).map((entry) => entry.cidr ?? entry.address),
        hardwareAddress: hardwareAddress(readText(`${root}/${name}/address`)),
      },
    ]),
  );
}

/**
 * The interfaces whose bytes make the host's rate, each byte once: cards and bonds. What stacks on them (vlan, bridge, tunnel,
 * veth) carries the same bytes again. Where no card is (a container, a network namespace), every way out counts.
 */
export function countedInterfaces(kinds: ReadonlyMap<string, InterfaceKind>): Set<string> {
  const outward = [...kinds].filter(([name, kind]) => !isLoopback(name, kind) && !kind.bondSlave && !kind.bridge);
  const cards = outward.filter(([, kind]) => kind.physical || kind.bondMaster);
  const chosen = cards.length > 0 ? cards : outward.filter(([name, kind]) => isUp(kind) && !isInternal(name, kind));
  return new Set(chosen.map(([name]) => name));
}

function readKind(directory: string): InterfaceKind {
  const has = (name: string) => existsSync(`${directory}/${name}`);
  return {
    flags: Number(readText(`${directory}/flags`)) || 0,
    operstate: readText(`${directory}/operstate`) ?? '',
    deviceType: /^DEVTYPE=(\w+)$/m.exec(readText(`${directory}/uevent`) ?? '')?.[1] ?? '',
    physical: has('device') || isOnBus(directory),
    bridge: has('bridge'),
    bondMaster: has('bonding'),
    bondSlave: has('bonding_slave') || has('master/bonding'),
  };
}

/** /sys/class/net/NAME leads into /sys/devices/virtual for everything that is made of software. */
function isOnBus(directory: string): boolean {
  try {
    return !readlinkSync(directory).includes('/virtual/');
  } catch {
    return false;
  }
}

function isLoopback(name: string, kind: InterfaceKind): boolean {
  return (kind.flags & IFF_LOOPBACK) !== 0 || name === 'lo';
}

/** Drivers without link detection report `unknown`. */
function isUp(kind: InterfaceKind): boolean {
  return (kind.flags & IFF_UP) !== 0 && kind.operstate !== 'down' && kind.operstate !== 'lowerlayerdown';
}

/** Made of software and leading nowhere: ifb and dummy. */
function isInternal(name: string, kind: InterfaceKind): boolean {
  return kind.deviceType === 'bridge' || /^(?:ifb|dummy|nlmon|teql)\d+$/.test(name);
}

function linkTypeOf(text: string | undefined): { linkType?: number } {
  return text !== undefined && /^\d{1,5}$/.test(text) ? { linkType: Number(text) } : {};
}

/** -1 or an error where there is no link or no notion of speed. */
function readSpeed(directory: string): number {
  const speed = Number(readText(`${directory}/speed`));
  return speed > 0 && speed <= MAX_SPEED_MBIT ? speed : 0;
}

function hardwareAddress(text: string | undefined): string {
  return text && /^[0-9a-f]{2}(:[0-9a-f]{2}){5,19}$/.test(text) && !/^[0:]+$/.test(text) ? text : '';
}
