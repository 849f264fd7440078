// Which addresses a webhook may lead to. Administrators set the URL, yet no name may turn it against this machine's cloud or neighbours' link.
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Unspecified, link-local (clouds answer there with credentials, RFC 3927), multicast, reserved. */
const never = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  never.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  never.addSubnet(network, prefix, 'ipv6');
/** The metadata service of a large cloud: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html */
never.addAddress('fd00:ec2::254', 'ipv6');

/** Why a connection to this address is refused; undefined = it is not. */
export function addressFault(address: string, onlyLoopback: boolean): string | undefined {
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  // BlockList takes an IPv4-mapped address for the IPv4 address that it holds.
  if (never.check(address, family)) return `${address} is an address that nothing is sent to`;
  if (onlyLoopback && !loopback.check(address, family)) return `${address} is not this machine: https is required`;
  return undefined;
}

/** Looks a name up and refuses it when any of its addresses is refused: what was checked is what is connected to. */
export function checkedLookup(onlyLoopback: boolean): LookupFunction {
  return (name, options, callback) => {
    systemLookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const fault = addresses.map(({ address }) => addressFault(address, onlyLoopback)).find((text) => text);
      if (fault !== undefined) return callback(Object.assign(new Error(fault), { code: 'address-refused' }), []);
      const [first] = addresses as [LookupAddress, ...LookupAddress[]];
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}
