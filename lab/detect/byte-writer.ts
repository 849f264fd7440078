// Packs models: the other side of collector/src/detect/names/byte-reader.ts.
import { writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { leafScale } from '../../collector/src/detect/names/boosted-trees.ts';
import type { TrainedTrees, TrainNode } from './boosting.ts';

export class ByteWriter {
  readonly #bytes: number[] = [];

  byte(value: number): void {
    this.#bytes.push(Math.max(0, Math.min(255, Math.round(value))));
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) + 128);
    this.#bytes.push(rest);
  }

  bytes(values: Uint8Array): void {
    for (const value of values) this.#bytes.push(value);
  }

  float(value: number): void {
    this.bytes(new Uint8Array(Float32Array.of(value).buffer));
  }

  text(value: string): void {
    this.varint(value.length);
    this.bytes(Buffer.from(value, 'latin1'));
  }

  packed(): string {
    return deflateRawSync(Uint8Array.from(this.#bytes), { level: 9 }).toString('base64');
  }
}

export function writeTrees(writer: ByteWriter, { base, edges, trees }: TrainedTrees): void {
  writer.float(base);
  writer.varint(edges.length);
  for (const edge of edges) {
    writer.varint(edge.length);
    for (const value of edge) writer.float(value);
  }
  writer.varint(trees.length);
  const size = (node: TrainNode): number => (node.left && node.right ? 1 + size(node.left) + size(node.right) : 1);
  writer.varint(trees.reduce((sum, tree) => sum + size(tree), 0));
  const write = (node: TrainNode) => {
    writer.byte(node.feature + 1);
    if (!node.left || !node.right) {
      const scaled = Math.round(node.value * leafScale);
      writer.varint(scaled >= 0 ? scaled * 2 : -scaled * 2 - 1);
      return;
    }
    writer.byte(node.bin);
    write(node.left);
    write(node.right);
  };
  for (const tree of trees) write(tree);
}

/** One packed part as a source file of the collector. */
export function writeModelFile(file: string, name: string, comment: string, packed: string): void {
  writeFileSync(file, `// ${comment}\nexport const ${name} =\n  '${packed}';\n`);
}
