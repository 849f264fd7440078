// Answers the question what would happen, with a signed offer or a refusal. Nothing happens yet.
import { randomBytes } from 'node:crypto';
import type { OfferRequest } from '@foretop/proto';
import { toolCapability } from '@foretop/proto/tools';
import { type Capability, type OfferClaims, signStatement, StatementError } from '@foretop/proto/trust';
import { wallSeconds } from './describe-process.ts';
import { actCapability, actionText, type Answer, capabilityOf, type Desk, refusalOf, requestIdOf } from './desk.ts';
import type { Draft, OfferContext } from './draft.ts';
import { draftClosing } from './offer-close.ts';
import { draftTermination } from './offer-terminate.ts';
import { draftTool, toolRequestOf } from './offer-tool.ts';
import { offerLifeSeconds, release } from './offers.ts';
import { allowedBy, weakestSigner } from './policy.ts';
import type { FoundPolicy } from './policy-file.ts';
import { Rate } from './rate.ts';
import { Refusal } from './refusal.ts';

/** Each reads executables and sockets: work that anybody with the collector can ask for. */
const mostOffersAMinute = 30;
/** Each resolves a name at most. */
const mostToolOffersAMinute = 60;

export class OfferDesk {
  readonly #desk: Desk;
  readonly #rate: Rate;
  readonly #toolRate: Rate;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#rate = new Rate(mostOffersAMinute, desk.host.clock);
    this.#toolRate = new Rate(mostToolOffersAMinute, desk.host.clock);
  }

  /** Never throws. */
  async answer(request: OfferRequest, answer: Answer): Promise<void> {
    const { journal, log } = this.#desk;
    const requestId = request.requestId ?? new Uint8Array();
    const asked = { request: Buffer.from(requestId).toString('hex').slice(0, 64), asker: request.operator ?? '' };
    try {
      const { offer, claims } = await this.#make(request);
      journal.note('offered', { ...asked, action: actionText(claims.action) });
      answer({ offer: { requestId, offer } });
    } catch (error) {
      const { code, message: detail } = refusalOf(error, log);
      journal.note('offer-refused', { ...asked, code, detail });
      answer({ offer: { requestId, refusal: { code, detail } } });
    }
  }

  async #make(request: OfferRequest): Promise<{ offer: string; claims: OfferClaims }> {
    const { offers, key, roster } = this.#desk;
    const id = requestIdOf(request);
    this.#requireRate(request);
    const policy = this.#allowing(request.runTool ? toolCapability(toolRequestOf(request.runTool)) : actCapability);
    const believed = roster();
    if ('code' in believed) throw new Refusal(believed.code, believed.detail);
    offers.requireRoom(id, request.runTool ? 'tool' : 'act');
    const draft = await this.#draft(request, policy);
    try {
      const claims = claimsOf(draft, policy, this.#desk);
      const offer = await signStatement('offer', claims, key.privateKey, key.thumbprint);
      offers.add(id, { text: offer, claims, target: draft.target });
      return { offer, claims };
    } catch (error) {
      release(draft.target);
      if (error instanceof StatementError) throw new Refusal('not-supported', `The offer: ${error.message}.`);
      throw error;
    }
  }

  #requireRate({ runTool }: OfferRequest): void {
    const [rate, most] = runTool ? [this.#toolRate, mostToolOffersAMinute] : [this.#rate, mostOffersAMinute];
    if (!rate.take()) throw new Refusal('too-many', `${most} offers a minute are made at most.`);
  }

  #allowing(capability: Capability): FoundPolicy {
    const policy = this.#desk.policy();
    if (allowedBy(policy).includes(capability)) return policy;
    throw new Refusal('not-allowed', `Its ceiling is '${policy.allow}' (${policy.source}).`);
  }

  #draft({ terminate, closeConnection, runTool }: OfferRequest, { privacy }: FoundPolicy): Promise<Draft> {
    const { host, own, collectorOffsetUs, nameOf } = this.#desk;
    const context: OfferContext = {
      ...{ host, own: own(), collectorOffsetUs: collectorOffsetUs(), nameOf },
      tellsCommandLines: privacy.commandLines,
    };
    if (terminate) return draftTermination(terminate, context);
    if (closeConnection) return draftClosing(closeConnection, context);
    if (runTool) return draftTool(toolRequestOf(runTool), this.#desk);
    throw new Refusal('malformed', 'What is asked for is missing.');
  }
}

function claimsOf({ action, preview, target }: Draft, policy: FoundPolicy, { key, host }: Desk): OfferClaims {
  return {
    iss: key.thumbprint,
    nonce: randomBytes(32).toString('base64url'),
    bootId: host.bootId,
    iat: wallSeconds(host),
    lifeSeconds: offerLifeSeconds,
    action,
    preview,
    allowed: allowedBy(policy),
    weakestSigner: weakestSigner(policy, capabilityOf(target)),
  };
}
