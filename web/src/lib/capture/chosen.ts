// What of a packet is chosen, and which bytes that is.
import type { DecodedLayer } from '@foretop/proto/capture';

export interface Chosen {
  /** Place among the layers. */
  layer: number;
  /** Place among its fields; −1 = the layer itself. */
  field: number;
}

/** Offsets in the packet; equal = no byte stands for it. */
export function bytesOf(layers: readonly DecodedLayer[], { layer, field }: Chosen): { from: number; to: number } {
  const found = layers[layer];
  const { from, to } = found?.fields[field] ?? found ?? { from: 0, to: 0 };
  return { from, to };
}

/** The smallest field that holds a byte, of the innermost layer that has it; undefined = none has. */
export function chosenAt(layers: readonly DecodedLayer[], byte: number): Chosen | undefined {
  const holds = ({ from, to }: { from: number; to: number }) => from <= byte && byte < to;
  const layer = layers.findLastIndex(holds);
  if (layer < 0) return undefined;
  let field = -1;
  layers[layer]!.fields.forEach((one, at) => {
    const best = layers[layer]!.fields[field];
    if (holds(one) && (!best || one.to - one.from < best.to - best.from)) field = at;
  });
  return { layer, field };
}
