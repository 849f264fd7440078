// The trained models, unpacked when first asked for.
import { readTrees, type BoostedTrees } from './boosted-trees.ts';
import { ByteReader } from './byte-reader.ts';
import type { DgaKnowledge, TopLevel, TopLevels } from './dga-features.ts';
import { readGrams, type NameGrams } from './name-grams.ts';
import { readLanguage, symbolCount } from './name-language.ts';

export interface DgaModels extends DgaKnowledge {
  dga: BoostedTrees;
  grams: NameGrams;
}

export interface NameModels extends DgaModels {
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
    topLevels: readTopLevels(dga),
    noise: dga.bytes(symbolCount ** 3).slice(),
    dga: readTrees(dga),
    grams: readGrams(dga),
    tunnel: readTrees(ByteReader.unpack(packed.tunnel)),
  };
}

/** Format: top-level domains with two bytes each: odds, 128 = as often as in names that people made, and share, both in quarter bits. */
function readTopLevels(reader: ByteReader): TopLevels {
  const count = reader.varint();
  return new Map(
    Array.from({ length: count }, (): [string, TopLevel] => [
      reader.text(),
      { odds: (reader.byte() - 128) / 4, share: reader.byte() / 4 },
    ]),
  );
}
