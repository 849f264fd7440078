// Reads the test vectors, which every implementation of either end runs: `import { invalidVectors, validVectors } from '@foretop/proto/vectors'`.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CloseName } from '../src/close-codes.ts';

export type VectorKind = 'agent-frame' | 'collector-frame' | 'batch' | 'viewer-frame' | 'server-frame';

interface Vector {
  name: string;
  kind: VectorKind;
  /** What it stands for, in words. */
  about: string;
  bytes: Uint8Array;
  /** For a batch: the size of the BatchBody that the frame around the payload announces. */
  bodyBytes: number;
}

export interface ValidVector extends Vector {
  /** The decoded message in the form of `plain`. */
  message: unknown;
  /** The message has no second encoding: encoding it again gives the same bytes. */
  canonical: boolean;
}

export interface InvalidVector extends Vector {
  close: CloseName;
}

/** What two ends of an earlier protocol version really said to each other, in order. */
export interface Conversation {
  about: string;
  frames: { by: 'agent' | 'collector'; kind: string; bytes: Uint8Array }[];
}

export function conversation(name: 'protocol-1'): Conversation {
  const file = `${vectorFolder}conversations/${name}.json`;
  const { about, frames } = JSON.parse(readFileSync(file, 'utf8')) as {
    about: string;
    frames: { by: 'agent' | 'collector'; kind: string; hex: string }[];
  };
  return { about, frames: frames.map(({ hex, ...rest }) => ({ ...rest, bytes: Buffer.from(hex, 'hex') })) };
}

export const vectorFolder = fileURLToPath(new URL('.', import.meta.url));

export function validVectors(): ValidVector[] {
  return readFolder('valid') as ValidVector[];
}

export function invalidVectors(): InvalidVector[] {
  return readFolder('invalid') as InvalidVector[];
}

/** `padTo` stands for zero bytes up to that length, so that an oversized frame needs no oversized file. */
function readFolder(folder: string): Vector[] {
  const files = readdirSync(vectorFolder + folder).filter((file) => file.endsWith('.json'));
  return files.toSorted().map((file) => {
    const name = file.slice(0, -'.json'.length);
    const { padTo = 0, ...rest } = JSON.parse(readFileSync(`${vectorFolder}${folder}/${file}`, 'utf8')) as {
      padTo?: number;
    };
    const stored = readFileSync(`${vectorFolder}${folder}/${name}.bin`);
    const bytes = new Uint8Array(Math.max(stored.length, padTo));
    bytes.set(stored);
    return { bodyBytes: 0, ...rest, name, bytes } as unknown as Vector;
  });
}

/** A message as JSON holds it: bytes as {"hex": …}; empty lists and the name of a oneof's field left out. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, entry]) => key !== 'body' && !isEmpty(entry));
  return Object.fromEntries(entries.map(([key, entry]) => [key, plain(entry)]));
}

const isEmpty = (value: unknown) =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);
