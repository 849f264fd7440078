// Card numbers of a batch, as its host masked them. They have no table: what is made of them is a finding.
import { type CardSighting, isMaskedCard, limits } from '@foretop/proto';
import { cleanText } from '../store/host-text.ts';
import type { AcceptedCard } from './accepted.ts';
import { type BatchContext, futureUs } from './batch-context.ts';
import { isCount, isInt4, isPort } from './numbers.ts';
import { earliestStartUs, isAddress, processIds } from './segments.ts';

export type DecodedCard = Required<{ [Key in keyof CardSighting]: NonNullable<CardSighting[Key]> }>;

const lastDirection = 3;
const longestIssuer = 40;
const tcp = 6;

/** Counts what is not valid in context.refused; a number that is not masked is not valid. */
export function readCards(
  cards: readonly CardSighting[],
  strings: readonly string[],
  context: BatchContext,
): AcceptedCard[] {
  const { hostId, bootId, ids } = context;
  const processOf = processIds(context);
  return (cards as readonly DecodedCard[]).flatMap((card) => {
    const masked = strings[card.masked] ?? '';
    if (!isMaskedCard(masked) || strings[card.issuer] === undefined || !isValid(card, context)) {
      context.refused.invalid++;
      return [];
    }
    const connection =
      card.cookie === 0 ? null : ids.connection(hostId, bootId, tcp, card.cookie, card.remoteAddress, card.remotePort);
    const issuer = cleanText(strings[card.issuer], longestIssuer);
    const comm = cleanText(strings[card.comm], limits.commLength);
    return [{ card, masked, issuer, comm, connection, process: processOf(card) }];
  });
}

function isValid(card: DecodedCard, { offsetUs, nowUs }: BatchContext): boolean {
  const { startUs, endUs, direction } = card;
  return (
    isCount(startUs) &&
    isCount(endUs) &&
    startUs <= endUs &&
    startUs + offsetUs >= earliestStartUs &&
    endUs + offsetUs <= nowUs + futureUs &&
    isAddress(card.localAddress) &&
    isPort(card.localPort) &&
    isAddress(card.remoteAddress) &&
    isPort(card.remotePort) &&
    isInt4(card.pid) &&
    isInt4(card.count) &&
    direction >= 0 &&
    direction <= lastDirection &&
    card.scorePermille <= 1_000
  );
}
