// The way of most tools to their target: resolved once, judged, and used as it was judged.
import type { Guard, Use } from './guard/guard.ts';
import { type Family, resolveTarget } from './guard/resolve.ts';
import { ToolRefusal } from './tool-refusal.ts';

/** All addresses of the target; the first is the one that was judged. Throws ToolRefusal. */
export async function aimAt(
  { target, family = 'any', use }: { target: string; family?: Family; use: Use },
  { guard, signal }: { guard: Guard; signal: AbortSignal },
): Promise<Uint8Array[]> {
  const addresses = await resolveTarget(target, family, signal);
  requireAllowed(addresses[0]!, use, guard);
  return addresses;
}

/** Throws ToolRefusal. */
export function requireAllowed(address: Uint8Array, use: Use, guard: Guard): void {
  const refusal = guard.refusalOf(address, use);
  if (refusal !== '') throw new ToolRefusal('target-refused', refusal);
}
