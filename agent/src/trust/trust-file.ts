// trust.json: the keys that this host has pinned, and the newest roster that it has accepted.
import { readPrivateFile, replacePrivateFile } from './private-file.ts';

/** x of Ed25519 keys, base64url. */
export interface Pinned {
  /** Signs rosters now. */
  owner: string;
  /** The only one that replaces the owner key; empty = none. */
  recovery: string;
  /** Of the newest change of the owner key, 0 = none. */
  ownerSerial: number;
}

export interface TrustRecord extends Pinned {
  /** The newest roster's statement; empty = none. */
  roster: string;
  /** Seconds that had passed since it came, when this boot's clock read `boottimeUs`. */
  age: { seconds: number; bootId: string; boottimeUs: number };
}

const mostBytes = 1 << 20;
const keyForm = /^[\w-]{43}$/;

export const isKey = (text: unknown): text is string => typeof text === 'string' && keyForm.test(text);

/** undefined when nothing was pinned yet. Throws for a file that is damaged or that others can touch. */
export function readTrust(path: string): TrustRecord | undefined {
  const text = readPrivateFile(path, mostBytes);
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as Partial<TrustRecord> | null;
  const isWhole =
    isKey(record?.owner) &&
    (record.recovery === '' || isKey(record.recovery)) &&
    isCount(record.ownerSerial) &&
    typeof record.roster === 'string' &&
    isCount(record.age?.seconds) &&
    isCount(record.age.boottimeUs) &&
    typeof record.age.bootId === 'string';
  if (!isWhole) throw new Error(`'${path}' is damaged. Delete it and enrol this host again with a new token.`);
  return record as TrustRecord;
}

export function writeTrust(path: string, record: TrustRecord): void {
  replacePrivateFile(path, `${JSON.stringify(record, null, 2)}\n`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
