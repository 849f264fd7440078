// What an address in text is for: only public ones have a place.
import { kindOfAddress } from '@foretop/proto';
import type { AddressKind } from '@foretop/proto/api';
import { parseAddress } from './parse-address.ts';

/** What is no address is reserved. */
export function addressKind(address: string): AddressKind {
  const bytes = parseAddress(address);
  return bytes === undefined ? 'reserved' : kindOfAddress(bytes);
}
