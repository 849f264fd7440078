// Judges a run of digits and separators: which groups of it are a card number, and which only look so.
import { brandOf, passesLuhn } from './card-brands.ts';
import { contextOf, isCardWord } from './card-context.ts';

export interface DigitGroup {
  digits: string;
  start: number;
}

export interface CardFound {
  digits: string;
  start: number;
  end: number;
  brand: string;
  score: number;
}

const decision = 0.5;
const [fewestDigits, mostDigits] = [12, 19];
/** How numbers are printed and typed: digits in each group. */
const layouts = new Set([
  '4-4-4-4',
  '4-6-5',
  '4-6-4',
  '4-4-4-4-3',
  '4-4-4-4-2',
  '4-4-4-4-1',
  '4-4-4',
  '4-4-4-1',
  '4-4-4-3',
  '4-4-4-2',
  '4-3-3-3',
  '6-13',
  '6-10',
  '8-8',
]);

/** Numbers in the run, from left to right, each digit in at most one of them. */
export function judgeRun(text: string, groups: readonly DigitGroup[]): CardFound[] {
  const found: CardFound[] = [];
  for (let from = 0; from < groups.length;) {
    const best = bestFrom(text, groups, from);
    if (best) found.push(best.found);
    from = best ? best.to : from + 1;
  }
  return found;
}

function bestFrom(
  text: string,
  groups: readonly DigitGroup[],
  from: number,
): { found: CardFound; to: number } | undefined {
  let best: { found: CardFound; to: number } | undefined;
  let digits = '';
  for (let to = from + 1; to <= groups.length; to += 1) {
    digits += groups[to - 1]?.digits ?? '';
    if (digits.length > mostDigits) break;
    if (digits.length < fewestDigits) continue;
    const found = judge(text, groups, from, to, digits);
    if (found && found.score >= decision && found.score > (best?.found.score ?? 0)) best = { found, to };
  }
  return best;
}

function judge(
  text: string,
  groups: readonly DigitGroup[],
  from: number,
  to: number,
  digits: string,
): CardFound | undefined {
  const brand = brandOf(digits);
  if (!brand || !passesLuhn(digits)) return undefined;
  const [first, last] = [groups[from] as DigitGroup, groups[to - 1] as DigitGroup];
  const [start, end] = [first.start, last.start + last.digits.length];
  if (from === 0 && !mayBegin(text, start, digits.length)) return undefined;
  if (to === groups.length && !mayEnd(text, end)) return undefined;
  if (insideIdentifier(text, start, end) || insideBankAccount(text, groups, from)) return undefined;
  if (isRange(text, start) || isBoundary(text, start)) return undefined;
  const context = contextOf(text, start, end);
  let score = brand.strength;
  if (context === 'card') score += 0.3;
  if (to - from === 1) {
    if (context === 'other') score -= 0.35;
    if (context !== 'card') score -= unbrokenPenalty(text, groups, from, digits);
  } else {
    const layout = groups
      .slice(from, to)
      .map((group) => group.digits.length)
      .join('-');
    if (context === 'other') score -= 0.15;
    if (layouts.has(layout)) score += 0.1;
    else if (isDotted(text, groups, from, to)) return undefined;
    else score -= 0.3;
    if (context !== 'card' && goesOn(groups, from, to)) score -= 0.5;
  }
  return { digits, start, end, brand: brand.name, score: Math.min(1, score) };
}

/** What unbroken digits may be instead. */
function unbrokenPenalty(text: string, groups: readonly DigitGroup[], at: number, digits: string): number {
  const { start } = groups[at] as DigitGroup;
  const end = start + digits.length;
  const before = at > 0 ? text.charAt(start - 1) : '';
  const after = at + 1 < groups.length ? text.charAt(end) : '';
  if (before === '.' || (after === '.' && (groups[at + 1]?.digits.length ?? 0) !== 4)) return 0.5;
  if (text.charAt(start - 1) === '-' && /[a-z][0-9]|[0-9][a-z]/i.test(text.slice(Math.max(0, start - 12), start - 1)))
    return 0.5;
  if (
    digits.length === 14 &&
    /^(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$/.test(digits)
  )
    return 0.3;
  return 0;
}

/** Two or more groups of the same sort around it: a table of numbers. Another card or an expiry date (MM YY) after it is none. */
function goesOn(groups: readonly DigitGroup[], from: number, to: number): boolean {
  const size = (groups[to - 2] as DigitGroup).digits.length;
  const isLike = (group: DigitGroup | undefined) => group?.digits.length === size;
  let around = 0;
  if (!isCard(groups.slice(Math.max(0, from - 4), from)))
    for (let at = from - 1; isLike(groups[at]); at -= 1) around += 1;
  if (!isExpiry(groups[to]) && !isCard(groups.slice(to, to + 4)))
    for (let at = to; isLike(groups[at]); at += 1) around += 1;
  return around > 1;
}

function isExpiry(group: DigitGroup | undefined): boolean {
  return group !== undefined && /^(?:0[1-9]|1[0-2])[2-4]\d$/.test(group.digits);
}

function isCard(groups: readonly DigitGroup[]): boolean {
  const digits = groups.map((group) => group.digits).join('');
  return digits.length === 16 && brandOf(digits) !== undefined && passesLuhn(digits);
}

/** Nothing of a longer word or number before it, unless the word says "card" or is a track's start sentinel. */
function mayBegin(text: string, start: number, length: number): boolean {
  const before = text.charAt(start - 1);
  if (before === '') return true;
  if (before === '+') return length > 15;
  if (before === '$' || before === '€' || before === '£') return false;
  if (!/[\p{L}\p{N}]/u.test(before))
    return !/[\p{L}\p{N}][.,]$/u.test(text.slice(Math.max(0, start - 2), start)) || before === ',';
  const word = /[\p{L}]+$/u.exec(text.slice(Math.max(0, start - 24), start))?.[0] ?? '';
  return word === 'B' ? /(?:^|%|\s)B$/.test(text.slice(Math.max(0, start - 2), start)) : isCardWord(word);
}

/** Nothing of a longer word or number after it, unless it is track 2 with its separator as a letter. */
function mayEnd(text: string, end: number): boolean {
  const after = text.slice(end, end + 16);
  if (!/^[\p{L}\p{N}]/u.test(after)) return true;
  return /^D\d{2}(?:0[1-9]|1[0-2])\d{3}/i.test(after) || isCardWord(/^\p{L}+/u.exec(after)?.[0] ?? '');
}

/** Where a part begins and ends, as HTTP asks for it and answers (RFC 9110, 14.1): "bytes=51118080-51249151". */
const isRange = (text: string, start: number) =>
  /\bbytes[ =:]\s*(?:\d+-\d*,\s*)*$/i.test(text.slice(Math.max(0, start - 96), start));

/** What parts one part of a message from the next (RFC 2046, 5.1.1), as libraries make it up: "===============4526788003826120489==". */
const isBoundary = (text: string, start: number) => /[-=]{8}$/.test(text.slice(Math.max(0, start - 8), start));

/** Digits in uneven groups between dots: identifiers of objects ("1.3.6.1.4.1.1466"), versions, cookies. Nobody writes a card so. */
function isDotted(text: string, groups: readonly DigitGroup[], from: number, to: number): boolean {
  return groups.slice(from + 1, to).some(({ start }) => text.charAt(start - 1) === '.');
}

const identifier = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** Part of a UUID. */
function insideIdentifier(text: string, start: number, end: number): boolean {
  const from = Math.max(0, start - 36);
  for (const { index, 0: uuid } of text.slice(from, end + 36).matchAll(identifier)) {
    if (from + index < end && from + index + uuid.length > start && uuid.length > end - start) return true;
  }
  return false;
}

/** Groups after two letters and two digits: an IBAN. */
function insideBankAccount(text: string, groups: readonly DigitGroup[], from: number): boolean {
  const first = groups[0] as DigitGroup;
  if (first.digits.length !== 2 || from === 0) return false;
  return /(?:^|[^a-z])[a-z]{2}$/i.test(text.slice(Math.max(0, first.start - 3), first.start));
}
