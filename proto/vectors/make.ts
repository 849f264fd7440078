// Writes the test vectors: `node proto/vectors/make.ts`. Needed only when a vector is added; files that stand are part of the protocol.
import { mkdirSync, writeFileSync } from 'node:fs';
import { compressBatch, encodeAgentFrame, encodeBatchBody, encodeCollectorFrame } from '../src/index.ts';
import { ServerFrame, ViewerFrame } from '../src/live.ts';
import { invalidDefinitions } from './invalid.ts';
import { agentFrames, batches, collectorFrames, serverFrames, viewerFrames } from './valid.ts';
import { plain, vectorFolder, type VectorKind } from './vectors.ts';

for (const [name, [about, frame]] of Object.entries(agentFrames))
  writeValid(name, 'agent-frame', about, frame, encodeAgentFrame(frame));
for (const [name, [about, frame]] of Object.entries(collectorFrames))
  writeValid(name, 'collector-frame', about, frame, encodeCollectorFrame(frame));
for (const [name, [about, frame]] of Object.entries(viewerFrames))
  writeValid(name, 'viewer-frame', about, frame, ViewerFrame.encode(frame).finish());
for (const [name, [about, frame]] of Object.entries(serverFrames))
  writeValid(name, 'server-frame', about, frame, ServerFrame.encode(frame).finish());
for (const [name, [about, body]] of Object.entries(batches)) {
  const bytes = encodeBatchBody(body);
  // Another version of zstd may compress the same body to other bytes.
  writeValid(name, 'batch', about, body, compressBatch(bytes), { bodyBytes: bytes.length, canonical: false });
}
writeValid(
  'pulse-unknown-field',
  'agent-frame',
  'a field of a later version is passed over',
  { pulse: { boottimeUs: 1 } },
  Uint8Array.from([0x12, 5, 0x08, 1, 0xc0, 0x0c, 1]),
  { canonical: false },
);
writeValid(
  'pulse-field-twice',
  'agent-frame',
  'of a field that comes twice the last counts',
  { pulse: { boottimeUs: 2 } },
  Uint8Array.from([0x12, 4, 0x08, 1, 0x08, 2]),
  { canonical: false },
);

for (const [name, { bytes, ...rest }] of Object.entries(invalidDefinitions)) write('invalid', name, rest, bytes);

function writeValid(
  name: string,
  kind: VectorKind,
  about: string,
  message: object,
  bytes: Uint8Array,
  more: object = {},
): void {
  write('valid', name, { kind, about, canonical: true, ...more, message: plain(message) }, bytes);
}

function write(folder: string, name: string, description: object, bytes: Uint8Array): void {
  mkdirSync(vectorFolder + folder, { recursive: true });
  writeFileSync(`${vectorFolder}${folder}/${name}.bin`, bytes);
  writeFileSync(`${vectorFolder}${folder}/${name}.json`, `${JSON.stringify(description, null, 2)}\n`);
}
