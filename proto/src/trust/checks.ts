// Small checks out of which the claims of statements are described: exact objects, bounded texts, numbers and lists.
import { malformed } from './statement-error.ts';

/** Gives the value back, rebuilt from what was checked. Throws StatementError malformed; `at` says where. */
export type Check<T> = (value: unknown, at: string) => T;

/** A text of at most `most` UTF-16 units, whatever it says: of a host, so never to be trusted. */
export const anyText =
  (most: number): Check<string> =>
  (value, at) => {
    if (typeof value !== 'string') throw malformed(`${at} is no text`);
    if (value.length > most) throw malformed(`${at} has ${value.length} characters, at most ${most} are allowed`);
    if (!value.isWellFormed()) throw malformed(`${at} is no Unicode text`);
    return value;
  };

export const pattern =
  (most: number, expected: RegExp, what: string): Check<string> =>
  (value, at) => {
    const text = anyText(most)(value, at);
    if (!expected.test(text)) throw malformed(`${at} is not ${what}`);
    return text;
  };

/** A text for people without controls, directional or invisible characters, and not empty. */
export const plainText = (most: number): Check<string> => pattern(most, /^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'a printable text');

/** base64url without padding, in the one form that encodes its bytes. */
export const base64url =
  (leastBytes: number, mostBytes: number): Check<string> =>
  (value, at) => {
    const text = pattern(Math.ceil((mostBytes * 4) / 3), /^[\w-]*$/, 'base64url')(value, at);
    const bytes = Math.floor((text.length * 3) / 4);
    const lastOf = [/^/, /^$/, /[AQgw]$/, /[AEIMQUYcgkosw048]$/][text.length % 4]!;
    if (bytes < leastBytes || bytes > mostBytes || !lastOf.test(text))
      throw malformed(`${at} is not ${leastBytes} to ${mostBytes} bytes in base64url`);
    return text;
  };

/** 32 bytes: a thumbprint, a digest, a nonce, the x of a key. */
export const bytes32 = base64url(32, 32);

export const hex = (bytes: number): Check<string> =>
  pattern(bytes * 2, new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes in hex`);

/** Decimal digits of an unsigned 64-bit number. */
export const digits = pattern(20, /^(0|[1-9]\d*)$/, 'a whole number in digits');

export const integer =
  (least: number, most: number): Check<number> =>
  (value, at) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw malformed(`${at} is no whole number from ${least} to ${most}`);
  };

export const oneOf =
  <const Values extends readonly (string | number)[]>(values: Values): Check<Values[number]> =>
  (value, at) => {
    if ((values as readonly unknown[]).includes(value)) return value as Values[number];
    throw malformed(`${at} is none of ${values.map((one) => JSON.stringify(one)).join(', ')}`);
  };

export const list =
  <T>(item: Check<T>, most: number): Check<T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) throw malformed(`${at} is no list`);
    if (value.length > most) throw malformed(`${at} has ${value.length} entries, at most ${most} are allowed`);
    return value.map((one, index) => item(one, `${at}[${index}]`));
  };

/** A list in which nothing stands twice. */
export const set =
  <T extends string>(item: Check<T>, most: number): Check<T[]> =>
  (value, at) => {
    const items = list(item, most)(value, at);
    if (new Set(items).size < items.length) throw malformed(`${at} names something twice`);
    return items;
  };

export const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (value, at) =>
    value === null ? null : check(value, at);

export const orEmpty =
  <T extends string>(check: Check<T>): Check<T | ''> =>
  (value, at) =>
    value === '' ? '' : check(value, at);

type Shape = Record<string, Check<unknown>>;
type Shaped<S extends Shape> = { [Name in keyof S]: ReturnType<S[Name]> };

/** An object with these members and no other. */
export const exact =
  <S extends Shape>(shape: S): Check<Shaped<S>> =>
  (value, at) => {
    const given = objectOf(value, at);
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(shape, name))
        throw malformed(`${at} has the unknown member ${JSON.stringify(name.slice(0, 64))}`);
    }
    const entries = Object.entries(shape).map(([name, check]) => {
      if (!Object.hasOwn(given, name)) throw malformed(`${at} lacks ${name}`);
      return [name, check(given[name], `${at}.${name}`)];
    });
    return Object.fromEntries(entries) as Shaped<S>;
  };

/** One of several objects, told apart by the text of one member. */
export const variant =
  <const Tag extends string, Variants extends Record<string, Check<unknown>>>(
    tag: Tag,
    variants: Variants,
  ): Check<ReturnType<Variants[keyof Variants]>> =>
  (value, at) => {
    const kind = objectOf(value, at)[tag];
    if (typeof kind !== 'string' || !Object.hasOwn(variants, kind)) throw malformed(`${at}.${tag} is not known`);
    return variants[kind]!(value, at) as ReturnType<Variants[keyof Variants]>;
  };

export function objectOf(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw malformed(`${at} is no object`);
}
