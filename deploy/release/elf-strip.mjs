// Cuts symbols and debug information off an ELF64 executable: what stands behind the last byte that is ever loaded.

// elf.h
const SHF_ALLOC = 0x2n;
const SHT_NOBITS = 8;
const offsets = { type: 4, flags: 8, offset: 24, size: 32 };

/** A shorter copy without section headers, which only debuggers and linkers read. Throws for anything but little-endian ELF64. */
export function strip(image) {
  const isElf64 = image.length > 64 && image.readUInt32BE(0) === 0x7f454c46 && image[4] === 2 && image[5] === 1;
  if (!isElf64) throw new Error('Stripping failed: the file is not a little-endian ELF64 executable.');
  const headers = Number(image.readBigUInt64LE(40));
  const entrySize = image.readUInt16LE(58);
  const entries = image.readUInt16LE(60);
  let end = 0;
  for (let index = 0; index < entries; index += 1) {
    const at = headers + index * entrySize;
    const isLoaded = (image.readBigUInt64LE(at + offsets.flags) & SHF_ALLOC) !== 0n;
    if (!isLoaded || image.readUInt32LE(at + offsets.type) === SHT_NOBITS) continue;
    const offset = Number(image.readBigUInt64LE(at + offsets.offset));
    end = Math.max(end, offset + Number(image.readBigUInt64LE(at + offsets.size)));
  }
  if (end === 0) return image;
  const stripped = Buffer.from(image.subarray(0, end));
  stripped.writeBigUInt64LE(0n, 40); // e_shoff
  stripped.writeUInt16LE(0, 60); // e_shnum
  stripped.writeUInt16LE(0, 62); // e_shstrndx
  return stripped;
}
