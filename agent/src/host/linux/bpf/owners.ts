// Who acted on a socket, from the map of owners.
import type { SocketOwner } from '../../engine.ts';
import { readOwner } from './flow-cursor.ts';
import { fixedBytes } from '../libc.ts';
import type { BpfMap } from './maps.ts';

const key = fixedBytes(8);
const keyWords = new Uint32Array(key.buffer);

/** A cookie as a key; overwritten by the next. */
export function cookieKey(cookie: number): Uint8Array<ArrayBuffer> {
  keyWords[0] = cookie % 2 ** 32;
  keyWords[1] = Math.floor(cookie / 2 ** 32);
  return key;
}

export function readOwnerOf(owners: BpfMap, cookie: number): SocketOwner | undefined {
  return owners.lookup(cookieKey(cookie)) ? readOwner(owners.value) : undefined;
}
