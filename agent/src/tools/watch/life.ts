// How long a watch may last.
import { toolLimits, type WatchParameters } from '@foretop/proto/tools';
import { ToolRefusal } from '../tool-refusal.ts';

/** `nowSeconds`: the collector's clock if it is known, else the host's. Throws ToolRefusal. */
export function requireLife({ expiresAt }: Pick<WatchParameters, 'expiresAt'>, nowSeconds: number): void {
  const life = expiresAt - nowSeconds;
  if (life <= 0) throw new ToolRefusal('malformed', 'The watch would have ended already.');
  if (life > toolLimits.watchSeconds)
    throw new ToolRefusal('malformed', `A watch lasts ${toolLimits.watchSeconds / 86_400} days at most.`);
}
