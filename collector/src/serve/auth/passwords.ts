// Passwords: hashed with Argon2id, two at a time and with a bounded queue, so that guessing costs the guesser and not the fleet.
import { argon2 as argon2WithCallback, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { RequestError } from '../problem.ts';

/**
 * RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes, 128 bits of salt, 256 bits of tag. It is above
 * the least that OWASP's Password Storage Cheat Sheet asks for (19 MiB, 2 passes, 1 lane).
 */
const cost = { memory: 65_536, passes: 3, parallelism: 4 };
const saltBytes = 16;
const tagBytes = 32;
const mostAtOnce = 2;
/** Some 3 s of work; who comes later is told to come back. */
const mostWaiting = 16;

/** NIST SP 800-63B-4, section 3.1.1.2, asks for 15 where a password is all there is. */
export const shortestPassword = 15;
export const longestPassword = 256;
const fewestDifferent = 5;

const argon2 = promisify(argon2WithCallback);

export interface Passwords {
  /** A PHC string. Throws RequestError unavailable when too many wait. */
  hash(password: string): Promise<string>;
  /** Takes as long when there is no hash to compare with. Throws RequestError unavailable when too many wait. */
  matches(password: string, hash: string | undefined): Promise<boolean>;
  counters(): Record<string, number>;
}

export function createPasswords(): Passwords {
  const waiting: (() => void)[] = [];
  let running = 0;
  let hashed = 0;
  let refused = 0;
  /** For names that do not exist: a tag that no password has. */
  const decoy = phc(randomBytes(saltBytes), randomBytes(tagBytes));

  const take = async (): Promise<void> => {
    if (running < mostAtOnce) return void (running += 1);
    if (waiting.length >= mostWaiting) {
      refused += 1;
      throw new RequestError('unavailable', 'Too many people sign in at this moment. Try again in a few seconds.', {
        headers: { 'retry-after': '3' },
      });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  /** Hands the place on to who waits longest. */
  const giveBack = () => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  const derive = async (password: string, salt: Buffer, { memory, passes, parallelism }: typeof cost) => {
    await take();
    try {
      hashed += 1;
      const message = Buffer.from(normalised(password), 'utf8');
      return await argon2('argon2id', { message, nonce: salt, memory, passes, parallelism, tagLength: tagBytes });
    } finally {
      giveBack();
    }
  };

  return {
    async hash(password) {
      const salt = randomBytes(saltBytes);
      return phc(salt, await derive(password, salt, cost));
    },
    async matches(password, hash) {
      const known = parsePhc(hash ?? decoy);
      return timingSafeEqual(await derive(password, known.salt, known.cost), known.tag);
    },
    counters: () => ({
      passwords_hashed_total: hashed,
      passwords_refused_total: refused,
      passwords_waiting: waiting.length,
    }),
  };
}

/** Why a password cannot be taken; undefined when it can. */
export function passwordFault(password: string, name: string): string | undefined {
  const text = normalised(password);
  if ([...text].length < shortestPassword) {
    return `A password has at least ${shortestPassword} characters. Several words with spaces between them are easy to keep in mind.`;
  }
  if (text.length > longestPassword) return `A password has at most ${longestPassword} characters.`;
  if (new Set(text).size < fewestDifferent) return 'This password repeats the same few characters. Choose another one.';
  if (text.toLowerCase().includes(name.toLowerCase())) {
    return 'This password has the name of the account in it. Choose another one.';
  }
  return undefined;
}

/** The same text typed on another keyboard is the same password. */
const normalised = (password: string) => password.normalize('NFC');

/** https://github.com/P-H-C/phc-string-format: base64 without padding. */
function phc(salt: Buffer, tag: Buffer): string {
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${text(salt)}$${text(tag)}`;
}

function parsePhc(hash: string): { salt: Buffer; tag: Buffer; cost: typeof cost } {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/-]+)\$([\w+/-]+)$/.exec(hash);
  if (match === null) throw new TypeError('a stored password hash is no PHC string of Argon2id, version 19');
  const [memory, passes, parallelism] = match.slice(1, 4).map(Number) as [number, number, number];
  const [salt, tag] = match.slice(4).map((text) => Buffer.from(text!, 'base64')) as [Buffer, Buffer];
  return { salt, tag, cost: { memory, passes, parallelism } };
}
