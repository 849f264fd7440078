// Signs the end of the collector's audit chain, for others to keep.
import { signStatement } from '@foretop/proto/trust';
import type { Kysely } from 'kysely';
import { type ChainEnd, readChainEnd } from '../store/queries/audit.ts';
import type { Database } from '../store/schema.ts';
import type { CollectorKey } from './key.ts';

export interface SignedHead extends ChainEnd {
  issuedAt: Date;
  /** foretop-audit-head+jwt */
  statement: string;
}

export interface HeadSigner {
  readonly key: CollectorKey;
  /** Of the chain as it stands: the same statement until something is written. undefined while the chain is empty. */
  current(): Promise<SignedHead | undefined>;
}

export function createHeadSigner(db: Kysely<Database>, key: CollectorKey, now: () => number = Date.now): HeadSigner {
  let last: SignedHead | undefined;
  return {
    key,
    async current() {
      const end = await readChainEnd(db);
      if (end === undefined) return undefined;
      if (last?.sequence === end.sequence && last.hash === end.hash) return last;
      const iat = Math.floor(now() / 1000);
      const claims = { iss: key.thumbprint, ...end, iat };
      const statement = await signStatement('auditHead', claims, key.privateKey, key.thumbprint);
      last = { ...end, issuedAt: new Date(iat * 1000), statement };
      return last;
    },
  };
}
