// Whether an address is one of the world's: the collector is asked about no other.
import { kindOfAddress } from '@foretop/proto/live';
import { addressGroups } from './address.ts';

/** As the collector writes addresses, so IPv4-mapped ones as IPv4. What is no address is not public. */
export function isPublic(address: string): boolean {
  const groups = addressGroups(address);
  return groups !== undefined && kindOfAddress(groups.flatMap((group) => [group >> 8, group & 255])) === 'public';
}
