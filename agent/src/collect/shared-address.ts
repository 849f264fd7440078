// Equal addresses of connections in the same memory: there are few local ones, and each array takes 200 bytes.
const SLOTS = 1_024;
const slots: (Uint8Array | undefined)[] = Array.from({ length: SLOTS });

/** The bytes of an equal address that came before, as long as it is remembered, else these. Nobody may change them. */
export function sharedAddress(address: Uint8Array): Uint8Array {
  let hash = 0;
  for (const byte of address) hash = Math.imul(hash, 31) + byte;
  const slot = hash & (SLOTS - 1);
  const known = slots[slot];
  if (known && Buffer.compare(known, address) === 0) return known;
  return (slots[slot] = address);
}
