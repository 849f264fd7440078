// The browser's codec against protobufjs over random messages, both ways, and its tables against the .proto files.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { serverFrameFields, viewerFrameFields } from './browser-messages.ts';
import { decodeMessage, encodeMessage, type Fields, type Kind } from './browser-wire.ts';
import { foretop } from './gen/live.js';
import { HostStatus, LiveSection, ServerFrame, ViewerFrame } from './live.ts';
import './runtime.ts';

const root = new protobuf.Root();
for (const file of ['facts', 'live'])
  protobuf.parse(readFileSync(new URL(`../foretop/v1/${file}.proto`, import.meta.url), 'utf8'), root);
root.resolveAll();

/** Every field of a message and of those in it, as the .proto files have them. */
function compare(fields: Fields, type: protobuf.Type): void {
  const found = fields.map(([name, number, kind, label]) => [
    name,
    number,
    typeof kind === 'object' ? 'message' : kind,
    label,
  ]);
  const wanted = type.fieldsArray.map((field) => [
    field.name,
    field.id,
    field.resolvedType instanceof protobuf.Type
      ? 'message'
      : field.resolvedType instanceof protobuf.Enum || field.type.startsWith('uint')
        ? 'number'
        : field.type,
    field.repeated ? 'many' : field.options?.['proto3_optional'] ? 'optional' : undefined,
  ]);
  expect(found, type.name).toEqual(wanted);
  for (const [name, , kind] of fields)
    if (typeof kind === 'object') compare(kind, type.fields[name]!.resolvedType as protobuf.Type);
}

const valueOf = (kind: Kind): fc.Arbitrary<unknown> => {
  if (kind === 'number') return fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.nat());
  if (kind === 'bool') return fc.constant(true);
  if (kind === 'string') return fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 90 }));
  if (kind === 'bytes') return fc.uint8Array({ maxLength: 20 });
  return messageOf(kind);
};
const messageOf = (fields: Fields): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(
    Object.fromEntries(
      fields.map(([name, number, kind, label]) => {
        // 32-bit fields of protobufjs keep 32 bits.
        const bits = kind === 'number' ? narrow(fields, number) : valueOf(kind);
        return [name, label === 'many' ? fc.array(bits, { minLength: 1, maxLength: 5 }) : bits];
      }),
    ),
    { requiredKeys: [] },
  );

const types = new Map<Fields, protobuf.Type>();
function learn(fields: Fields, type: protobuf.Type): void {
  types.set(fields, type);
  for (const [name, , kind] of fields)
    if (typeof kind === 'object') learn(kind, type.fields[name]!.resolvedType as protobuf.Type);
}
const narrow = (fields: Fields, number: number): fc.Arbitrary<number> => {
  const field = types.get(fields)!.fieldsById[number]!;
  if (field.resolvedType instanceof protobuf.Enum) return fc.nat(4);
  return field.type === 'uint64' ? fc.oneof(fc.nat(300), fc.maxSafeNat()) : fc.oneof(fc.nat(300), fc.nat());
};
/** A ServerFrame has one body. */
const frameOf = (fields: Fields): fc.Arbitrary<Record<string, unknown>> =>
  fields === serverFrameFields ? fc.oneof(...fields.map((field) => messageOf([field]))) : messageOf(fields);
learn(serverFrameFields, root.lookupType('foretop.v1.ServerFrame'));
learn(viewerFrameFields, root.lookupType('foretop.v1.ViewerFrame'));

/** Zeros and empty ones that mean the same as absent are left out. */
function meant(fields: Fields, message: Record<string, unknown>): Record<string, unknown> {
  const table = new Map(fields.map((field) => [field[0], field]));
  return Object.fromEntries(
    Object.entries(message).flatMap(([name, value]) => {
      const [, , kind, label] = table.get(name)!;
      const inner = (one: unknown) => (typeof kind === 'object' ? meant(kind, one as Record<string, unknown>) : one);
      if (label === 'many') return [[name, (value as unknown[]).map(inner)]];
      const empty = value === 0 || value === '' || (value instanceof Uint8Array && value.length === 0);
      return empty && label !== 'optional' ? [] : [[name, inner(value)]];
    }),
  );
}

/** Only what is set, bytes and lists as plain arrays: the two decoders use classes of their own. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array || Array.isArray(value)) return Array.from(value as ArrayLike<unknown>, plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0));
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner)]));
};

describe.each([
  ['ServerFrame', serverFrameFields, foretop.v1.ServerFrame],
  ['ViewerFrame', viewerFrameFields, foretop.v1.ViewerFrame],
] as const)('%s', (name, fields, generated) => {
  it('has the fields of the .proto files', () => compare(fields, root.lookupType(`foretop.v1.${name}`)));

  it('decodes what protobufjs encodes', () =>
    fc.assert(
      fc.property(frameOf(fields), (message) => {
        const bytes = (generated as typeof foretop.v1.ServerFrame).encode(message).finish();
        expect(plain(decodeMessage(fields, bytes))).toEqual(plain(meant(fields, message)));
      }),
    ));

  it('encodes what protobufjs decodes', () =>
    fc.assert(
      fc.property(frameOf(fields), (message) => {
        const decoded = (generated as typeof foretop.v1.ServerFrame).decode(encodeMessage(fields, message));
        expect(plain(decoded)).toEqual(plain(meant(fields, message)));
      }),
    ));

  it('damaged bytes are a message or a RangeError', () =>
    fc.assert(
      fc.property(frameOf(fields), fc.nat(), fc.nat(255), fc.nat(), (message, place, byte, length) => {
        const bytes = encodeMessage(fields, message);
        if (bytes.length > 0) bytes[place % bytes.length] = byte;
        try {
          decodeMessage(fields, bytes.subarray(0, length % (bytes.length + 1)));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 500 },
    ));
});

it('skips fields that it does not know, and refuses groups', () => {
  const known = ViewerFrame.encode({ hostId: 7 }).finish();
  const unknown = [
    [0xf8, 0x01, 5],
    [0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xfa, 0x01, 2, 1, 2],
    [0xfd, 0x01, 1, 2, 3, 4],
  ];
  for (const field of unknown) expect(ViewerFrame.decode(Uint8Array.from([...field, ...known])).hostId).toBe(7);
  expect(() => ViewerFrame.decode(Uint8Array.from([0xfb, 0x01]))).toThrow(RangeError);
});

it('numbers its enums as the .proto files do', () => {
  expect(LiveSection).toEqual(byName(foretop.v1.LiveSection));
  expect(HostStatus).toEqual(byName(foretop.v1.HostStatus));
  expect(ServerFrame.decode(new Uint8Array())).toEqual({});
});

const byName = (numbered: object) =>
  Object.fromEntries(Object.entries(numbered).filter(([, value]) => typeof value === 'number'));
