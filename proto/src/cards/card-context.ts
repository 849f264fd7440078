// Words around a number that make it more or less likely to be a card's.

/** In the languages of most card holders; a part of a longer word or key counts ("cardNumber", "cc_num"). */
const cardWords =
  /card|credit|debit|carte|tarjeta|karte|kaart|kort|carta|cart[aã]o|карт|カード|卡号|信用卡|카드|\bpan\b|primary.?account|\bcc\b|(?<![a-z])cc[-_ ]?(?:n|num|no|nr|#)|ccnum|\bpayment|visa|master ?card|maestro|amex|american.express|discover|diners|\bjcb\b|union ?pay|rupay|\bmir\b|troy\b|\bcv[vc]2?\b|cvv|\bcsc\b|expir|\bexp(?:[.:_ =]|date|_?month|_?year)|valid (?:thru|until|to)|holder|track ?[12]/i;

/** Numbers of other kinds, many with a check digit of the same sort. */
const otherWords =
  /imei|imsi|iccid|\bmeid|\besn\b|\bean\b|ean.?1[34]|gtin|\bupc\b|isbn|issn|barcode|bar.code|\bsku\b|tracking|\bawb\b|waybill|parcel|shipment|consignment|\bphone|\btel(?:efon|ephone|[.:= ])|mobile|\bfax\b|msisdn|whatsapp|iban|\bbic\b|swift|routing|sort.?code|siret|siren|\bvat\b|\bnpi\b|\buuid|\bguid|\bsha-?\d|\bmd5|\betag|checksum|\bhash|timestamp|\bepoch|\bnanos|\bmicros|\bts\b|\bmtime|\bctime|serial|\bs\/n\b|\bmac\b|trace.?id|span.?id|request.?id|session.?id|snowflake|tweet|discord|latitude|longitude|\blat\b|\blon\b|\bseed\b|nonce|correlator|cache.?bust|\bord\b|\brnd\b|random/i;

const reachBefore = 48;
const reachAfter = 40;

export type CardContext = 'card' | 'other' | 'none';

/** What the words nearest to the number say. The words directly before it in its own field count first. */
export function contextOf(text: string, start: number, end: number): CardContext {
  const before = text.slice(Math.max(0, start - reachBefore), start);
  const key = before.slice(Math.max(0, ...[...',;&\n{}|~'].map((mark) => before.lastIndexOf(mark) + 1)));
  if (cardWords.test(key)) return 'card';
  if (otherWords.test(key)) return 'other';
  if (cardWords.test(before) || cardWords.test(text.slice(end, end + reachAfter))) return 'card';
  return 'none';
}

/** Whether a word glued to the digits says that they are a card's: "card4111…", "PAN:". */
export function isCardWord(word: string): boolean {
  return word.length >= 2 && /^(?:cc|pan)$/i.test(word) ? true : word.length >= 4 && cardWords.test(word);
}
