// Reads a compiled BPF object: its maps, its programs, and which instructions refer to which map. Trusts no number in the file.
import { HostError } from '../../host-error.ts';

// elf.h, linux/elf-em.h
const MAGIC = 0x464c457f;
const ELFCLASS64_LSB = 0x0102;
const EM_BPF = 247;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_REL = 9;
const SHT_RELA = 4;
const SHF_EXECINSTR = 4;
const STT_FUNC = 2;
const R_BPF_64_64 = 1;
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 16;
const MAP_BYTES = 20;
const INSTRUCTION_BYTES = 8;
// The only instruction that a map's descriptor goes into: BPF_LD | BPF_IMM | BPF_DW, linux/bpf.h.
const LOAD_64 = 0x18;

const MAX_OBJECT_BYTES = 4 << 20;
const MAX_SECTIONS = 512;
const MAX_SYMBOLS = 65_536;
const MAX_NAME = 128;

export interface MapDefinition {
  name: string;
  type: number;
  keyBytes: number;
  valueBytes: number;
  maxEntries: number;
  flags: number;
}

export interface Program {
  section: string;
  name: string;
  /** A copy, to be changed by whoever loads it. */
  instructions: Uint8Array<ArrayBuffer>;
  /** Where the descriptors of maps belong: index of the instruction and name of the map. */
  references: { instruction: number; map: string }[];
}

export interface BpfObject {
  maps: MapDefinition[];
  programs: Program[];
  license: string;
}

interface Section {
  index: number;
  name: string;
  type: number;
  flags: number;
  bytes: DataView;
  link: number;
  info: number;
}

interface Symbol {
  name: string;
  type: number;
  section: number;
  value: number;
}

/** Throws HostError `malformed` for anything but a little-endian BPF object with classic maps. */
export function parseBpfObject(bytes: Uint8Array): BpfObject {
  try {
    return parse(bytes);
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    // DataView refuses what lies outside of the file.
    throw malformed('something points outside of the file', cause);
  }
}

function parse(bytes: Uint8Array): BpfObject {
  const sections = readSections(bytes);
  const symbols = readSymbols(sections);
  const mapSection = sections.find(({ name, type }) => name === 'maps' && type === SHT_PROGBITS);
  const maps = mapSection ? readMaps(mapSection, symbols) : new Map<number, MapDefinition>();
  const programs = sections
    .filter(({ type, flags, bytes }) => type === SHT_PROGBITS && flags & SHF_EXECINSTR && bytes.byteLength > 0)
    .map((section) => readProgram(section, sections, symbols, mapSection?.index ?? -1, maps));
  const license = sections.find(({ name }) => name === 'license');
  if (!license) throw malformed('it has no licence');
  return { maps: [...maps.values()], programs, license: text(license.bytes, 0) };
}

function readSections(bytes: Uint8Array): Section[] {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_OBJECT_BYTES)
    throw malformed(`${bytes.length} bytes: must be ${HEADER_BYTES} to ${MAX_OBJECT_BYTES}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC || view.getUint16(4, true) !== ELFCLASS64_LSB)
    throw malformed('it is no little-endian 64-bit ELF file');
  if (view.getUint16(18, true) !== EM_BPF) throw malformed('it is for another machine than BPF');
  const count = view.getUint16(60, true);
  if (view.getUint16(58, true) !== SECTION_BYTES || count === 0 || count > MAX_SECTIONS)
    throw malformed(`${count} section headers: must be 1 to ${MAX_SECTIONS} of ${SECTION_BYTES} bytes`);
  const table = slice(view, offsetAt(view, 40), count * SECTION_BYTES);
  const sections = Array.from({ length: count }, (_, index) => readSection(view, table, index));
  const names = sections[view.getUint16(62, true)];
  if (names?.type !== SHT_STRTAB) throw malformed('its sections have no names');
  sections.forEach((section, index) => {
    section.name = text(names.bytes, table.getUint32(index * SECTION_BYTES, true));
  });
  return sections;
}

function readSection(file: DataView, table: DataView, index: number): Section {
  const at = index * SECTION_BYTES;
  const type = table.getUint32(at + 4, true);
  const empty = type === 0 || type === 8; // SHT_NULL, SHT_NOBITS
  return {
    index,
    name: '',
    type,
    flags: table.getUint32(at + 8, true),
    bytes: empty ? slice(file, 0, 0) : slice(file, offsetAt(table, at + 24), offsetAt(table, at + 32)),
    link: table.getUint32(at + 40, true),
    info: table.getUint32(at + 44, true),
  };
}

function readSymbols(sections: Section[]): Symbol[] {
  const table = sections.find(({ type }) => type === SHT_SYMTAB);
  const names = table && sections[table.link];
  if (!table || names?.type !== SHT_STRTAB) throw malformed('it has no symbols');
  const count = Math.floor(table.bytes.byteLength / SYMBOL_BYTES);
  if (count > MAX_SYMBOLS) throw malformed(`${count} symbols: must be at most ${MAX_SYMBOLS}`);
  return Array.from({ length: count }, (_, index) => {
    const at = index * SYMBOL_BYTES;
    return {
      name: text(names.bytes, table.bytes.getUint32(at, true)),
      type: table.bytes.getUint8(at + 4) & 0xf,
      section: table.bytes.getUint16(at + 6, true),
      value: offsetAt(table.bytes, at + 8),
    };
  });
}

/** Definitions by their offset in the section. */
function readMaps(section: Section, symbols: Symbol[]): Map<number, MapDefinition> {
  const maps = new Map<number, MapDefinition>();
  for (const { name, value } of symbols.filter((symbol) => symbol.section === section.index && symbol.name !== '')) {
    const definition = slice(section.bytes, value, MAP_BYTES);
    const word = (index: number) => definition.getUint32(index * 4, true);
    maps.set(value, {
      name,
      type: word(0),
      keyBytes: word(1),
      valueBytes: word(2),
      maxEntries: word(3),
      flags: word(4),
    });
  }
  return maps;
}

function readProgram(
  section: Section,
  sections: Section[],
  symbols: Symbol[],
  mapSection: number,
  maps: Map<number, MapDefinition>,
): Program {
  const { bytes } = section;
  if (bytes.byteLength % INSTRUCTION_BYTES !== 0)
    throw malformed(`program "${section.name}" of ${bytes.byteLength} bytes: must be whole instructions`);
  const functions = symbols.filter(({ type, section: index }) => type === STT_FUNC && index === section.index);
  if (functions.length !== 1 || functions[0]!.value !== 0)
    throw malformed(`program "${section.name}" of ${functions.length} functions: must be one`);
  const references = sections
    .filter(({ type, info }) => (type === SHT_REL || type === SHT_RELA) && info === section.index)
    .flatMap((relocations) => readReferences(relocations, section, symbols, mapSection, maps));
  const instructions = new Uint8Array(new ArrayBuffer(bytes.byteLength));
  instructions.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { section: section.name, name: functions[0]!.name, instructions, references };
}

function readReferences(
  relocations: Section,
  program: Section,
  symbols: Symbol[],
  mapSection: number,
  maps: Map<number, MapDefinition>,
): Program['references'] {
  if (relocations.type === SHT_RELA) throw malformed(`program "${program.name}" has relocations with addends`);
  const references: Program['references'] = [];
  for (let at = 0; at + RELOCATION_BYTES <= relocations.bytes.byteLength; at += RELOCATION_BYTES) {
    const offset = offsetAt(relocations.bytes, at);
    const type = relocations.bytes.getUint32(at + 8, true);
    const symbol = symbols[relocations.bytes.getUint32(at + 12, true)];
    const map = symbol?.section === mapSection ? maps.get(symbol.value) : undefined;
    const wide =
      offset + 2 * INSTRUCTION_BYTES <= program.bytes.byteLength && program.bytes.getUint8(offset) === LOAD_64;
    if (type !== R_BPF_64_64 || !map || offset % INSTRUCTION_BYTES !== 0 || !wide)
      throw malformed(`program "${program.name}" at ${offset} refers to something that is no map`);
    references.push({ instruction: offset / INSTRUCTION_BYTES, map: map.name });
  }
  return references;
}

/** A 64-bit offset or size; larger ones than any file's become one that fits nowhere. */
function offsetAt(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) === 0 ? view.getUint32(at, true) : Number.MAX_SAFE_INTEGER;
}

function slice(view: DataView, offset: number, length: number): DataView {
  if (offset + length > view.byteLength)
    throw malformed(`${length} bytes at ${offset} of ${view.byteLength}: must lie inside`);
  return new DataView(view.buffer, view.byteOffset + offset, length);
}

function text(bytes: DataView, offset: number): string {
  const end = Math.min(bytes.byteLength, offset + MAX_NAME);
  let value = '';
  for (let at = offset; at < end; at++) {
    const byte = bytes.getUint8(at);
    if (byte === 0) return value;
    value += String.fromCharCode(byte);
  }
  throw malformed(`a name at ${offset} without an end within ${MAX_NAME} bytes`);
}

function malformed(found: string, cause?: unknown): HostError {
  return new HostError('malformed', `Reading the BPF object failed: ${found}`, { retryable: false, cause });
}
