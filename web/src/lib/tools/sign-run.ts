// Signs the offers of a run: those that the browser's key may in silence, for they only look; a passkey asks each time.
import type { CommandOffer, CommandSignature } from '@foretop/proto/api';
import { differenceOf, readToolRequest, toolCapability, type ToolRequest } from '@foretop/proto/tools';
import { messageOf, session } from '../api/session.svelte.ts';
import { browserKeys } from '../trust/browser-keys.ts';
import { readHost } from '../trust/read-host.ts';
import { readTrust } from '../trust/read-trust.ts';
import { offerOf, signCommand } from '../trust/sign-command.ts';
import { placeOfPage, signingSupport } from '../trust/signing-support.ts';
import { waysToSign, type WayToSign } from '../trust/ways-to-sign.ts';

export interface SignedOffers {
  signatures: CommandSignature[];
  /** By request id, why it was not signed. */
  faults: Map<string, string>;
}

export async function signOffers(
  asked: ToolRequest,
  offers: readonly CommandOffer[],
  signal: AbortSignal,
): Promise<SignedOffers> {
  const signatures: CommandSignature[] = [];
  const faults = new Map<string, string>();
  const [trust, here] = await Promise.all([readTrust(signal), browserKeys().catch(() => [])]);
  const name = session.current.state === 'signed-in' ? session.current.name : '';
  // One after the other: a browser shows one passkey prompt at a time.
  for (const offer of offers) {
    try {
      const claims = offerOf(offer.offer, offer.hostThumbprint);
      requireSame(asked, claims.action);
      const labels = (await readHost(offer.hostId, signal)).policy?.labels ?? [];
      const ways = await waysToSign({
        name,
        operators: trust.roster?.operators ?? [],
        host: { thumbprint: offer.hostThumbprint, labels },
        capability: toolCapability(asked),
        weakest: claims.weakestSigner,
        here: here.map(({ thumbprint }) => thumbprint),
        support: signingSupport(placeOfPage()),
      });
      const way = ways.find(({ signer, why }) => why === '' && signer !== 'approve');
      if (!way) throw new Error(whyNone(ways, claims.weakestSigner));
      const timeoutMs = claims.lifeSeconds * 1_000;
      const signature = await signCommand({ text: offer.offer, claims }, way, timeoutMs, signal);
      signatures.push({ requestId: offer.requestId, signature });
    } catch (error) {
      signal.throwIfAborted();
      faults.set(offer.requestId, messageOf(error));
    }
  }
  return { signatures, faults };
}

/** Throws Error: a host does what its offer says, so that must be what was asked. */
function requireSame(asked: ToolRequest, action: ReturnType<typeof offerOf>['action']): void {
  if (action.kind !== 'run-tool') throw new Error('The host offered another kind of command. It was not signed.');
  const difference = differenceOf(asked, readToolRequest(action.tool, action.parameters));
  if (difference !== undefined) throw new Error(`The host offered ${difference}. It was not signed.`);
}

function whyNone(ways: readonly WayToSign[], weakest: string): string {
  if (weakest === 'approve') return 'This host takes only keys of foretop approve: run it from the command line.';
  const [browser, passkey] = ways;
  return (weakest === 'passkey' ? passkey?.why : browser?.why) || 'No key of yours is good for this host.';
}
