// The models that come with the collector, unpacked once.
import { packedDga } from './model-dga.ts';
import { packedLanguage } from './model-language.ts';
import { packedTunnel } from './model-tunnel.ts';
import { unpackModels, type NameModels } from './models.ts';

let models: NameModels | undefined;

/** Takes some 30 ms and 6 MB the first time. */
export function shippedModels(): NameModels {
  models ??= unpackModels({ language: packedLanguage, dga: packedDga, tunnel: packedTunnel });
  return models;
}
