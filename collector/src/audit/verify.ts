// Holds the audit chain against heads that somebody else kept, and says exactly what does not fit.
import { type AuditHeadClaims, peekStatement, type PublicJwk, readStatement, thumbprint } from '@foretop/proto/trust';
import { ChainCheck, type ChainFault, type LinkedEntry } from '../store/audit-chain.ts';

/** A line of a heads file. */
export interface GivenHead {
  /** Counted from 1. */
  line: number;
  statement: string;
  /** Of the keeper, where the line brings it along. */
  key: PublicJwk | undefined;
}

/**
 * fits: the chain has this very entry. cut: the chain ends before it. differs: another entry stands in its place. forged: the
 * signature is wrong. unknown-key: signed by a key that is not at hand. unreadable: no head of an audit chain.
 */
export type HeadVerdict = 'fits' | 'cut' | 'differs' | 'forged' | 'unknown-key' | 'unreadable';

export interface JudgedHead {
  line: number;
  verdict: HeadVerdict;
  /** undefined: unreadable. */
  claims: AuditHeadClaims | undefined;
}

export interface ChainReport {
  /** Of the last entry; 0 = there is none. */
  sequence: number;
  hash: string;
  faults: ChainFault[];
  heads: JudgedHead[];
}

/**
 * The lines of a heads file: a statement, or a JSON object with the statement as `head` and perhaps the keeper's `key`. Lines
 * with `keeper` "host" are of other chains, which their hosts check, and left out.
 */
export function parseHeads(text: string): GivenHead[] {
  return text.split('\n').flatMap((content, index) => {
    const head = content.trim() === '' ? undefined : headOf(content.trim());
    return head ? [{ line: index + 1, ...head }] : [];
  });
}

function headOf(content: string): { statement: string; key: PublicJwk | undefined } | undefined {
  if (!content.startsWith('{')) return { statement: content, key: undefined };
  try {
    const { keeper, head, key } = JSON.parse(content) as { keeper?: unknown; head?: unknown; key?: { x?: unknown } };
    if (keeper === 'host') return undefined;
    const x = key?.x;
    return {
      statement: typeof head === 'string' ? head : '',
      key: typeof x === 'string' ? { kty: 'OKP', crv: 'Ed25519', x } : undefined,
    };
  } catch {
    return { statement: '', key: undefined };
  }
}

/** `entries` from the first on. Heads by other keys than `own` are judged by the key that their line brings along. */
export async function verifyChain(
  entries: AsyncIterable<readonly LinkedEntry[]>,
  heads: readonly GivenHead[],
  own: PublicJwk | undefined,
): Promise<ChainReport> {
  const signed = await Promise.all(heads.map((head) => readHead(head, own)));
  const wanted = new Set(signed.map(({ claims }) => claims?.sequence));
  const found = new Map<number, string>();
  const check = new ChainCheck();
  for await (const portion of entries) {
    for (const entry of portion) {
      check.next(entry);
      if (wanted.has(entry.sequence)) found.set(entry.sequence, entry.hash);
    }
  }
  const { faults, sequence, hash } = check;
  return { sequence, hash, faults, heads: signed.map((head) => judge(head, found, sequence)) };
}

function judge(head: JudgedHead, found: ReadonlyMap<number, string>, end: number): JudgedHead {
  const { claims } = head;
  if (head.verdict !== 'fits' || claims === undefined) return head;
  if (claims.sequence > end) return { ...head, verdict: 'cut' };
  return found.get(claims.sequence) === claims.hash ? head : { ...head, verdict: 'differs' };
}

/** `fits` stands for a signature that is right. */
async function readHead({ line, statement, key }: GivenHead, own: PublicJwk | undefined): Promise<JudgedHead> {
  let claims: AuditHeadClaims;
  try {
    claims = peekStatement('auditHead', statement);
  } catch {
    return { line, verdict: 'unreadable', claims: undefined };
  }
  const signer = await keyFor(claims.iss, [own, key]);
  if (signer === undefined) return { line, verdict: 'unknown-key', claims };
  try {
    return { line, verdict: 'fits', claims: await readStatement('auditHead', statement, signer) };
  } catch {
    return { line, verdict: 'forged', claims };
  }
}

async function keyFor(wanted: string, keys: readonly (PublicJwk | undefined)[]): Promise<PublicJwk | undefined> {
  for (const key of keys) {
    const found = key === undefined ? undefined : await thumbprint(key).catch(() => undefined);
    if (found === wanted) return key;
  }
  return undefined;
}
