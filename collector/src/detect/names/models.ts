// The trained models, unpacked when first asked for.
import { readTrees, type BoostedTrees } from './boosted-trees.ts';
import { ByteReader } from './byte-reader.ts';
import type { DgaKnowledge, TopLevelOdds } from './dga-features.ts';
import { readLanguage, symbolCount } from './name-language.ts';

export interface NameModels extends DgaKnowledge {
  dga: BoostedTrees;
  tunnel: BoostedTrees;
}

/** The three packed parts, as the training scripts of lab/detect write them. */
export interface PackedModels {
  language: string;
  dga: string;
  tunnel: string;
}

export function unpackModels(packed: PackedModels): NameModels {
  const dga = ByteReader.unpack(packed.dga);
  return {
    language: readLanguage(ByteReader.unpack(packed.language)),
    topLevelOdds: readOdds(dga),
    noise: dga.bytes(symbolCount ** 3).slice(),
    dga: readTrees(dga),
    tunnel: readTrees(ByteReader.unpack(packed.tunnel)),
  };
}

/** Format: top-level domains with a byte each, 128 = as often as in names that people made. */
function readOdds(reader: ByteReader): TopLevelOdds {
  const count = reader.varint();
  return new Map(Array.from({ length: count }, () => [reader.text(), (reader.byte() - 128) / 4]));
}
