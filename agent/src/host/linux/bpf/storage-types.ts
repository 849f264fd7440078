// A description of types (BTF) for the one kind of map that the kernel makes only with it: storage beside each socket.

// linux/btf.h
const BTF_MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const BTF_KIND_INT = 1;
const BTF_KIND_ARRAY = 3;
const BTF_INT_SIGNED = 1;

export const storageKeyType = 1;
export const storageValueType = 3;

/** Type 1 is a 32-bit int, 2 an unsigned 64-bit, 3 an array of as many of those as make `valueBytes`. */
export function describeStorage(valueBytes: number): Uint8Array<ArrayBuffer> {
  const names = '\0int\0u64\0';
  const types = [
    [1, BTF_KIND_INT << 24, 4, (BTF_INT_SIGNED << 24) | 32],
    [5, BTF_KIND_INT << 24, 8, 64],
    [0, BTF_KIND_ARRAY << 24, 0, 2, 1, valueBytes / 8],
  ].flat();
  const typeBytes = types.length * 4;
  const bytes = new Uint8Array(new ArrayBuffer(HEADER_BYTES + typeBytes + names.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, BTF_MAGIC, true);
  view.setUint8(2, 1);
  [HEADER_BYTES, 0, typeBytes, typeBytes, names.length].forEach((value, i) => view.setUint32(4 + i * 4, value, true));
  types.forEach((value, i) => view.setUint32(HEADER_BYTES + i * 4, value, true));
  for (let i = 0; i < names.length; i++) bytes[HEADER_BYTES + typeBytes + i] = names.charCodeAt(i);
  return bytes;
}
