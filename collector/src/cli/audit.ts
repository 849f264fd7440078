// foretop audit: holds the audit chain against heads that others kept, and hands out heads to keep.
import { readFile } from 'node:fs/promises';
import type { AuditHead } from '@foretop/proto/api';
import { createHeadSigner } from '../audit/head.ts';
import { openCollectorKey } from '../audit/key.ts';
import { type ChainReport, type GivenHead, type JudgedHead, parseHeads, verifyChain } from '../audit/verify.ts';
import type { Operation } from '../serve/operate.ts';
import type { ChainFault } from '../store/audit-chain.ts';
import { streamChain } from '../store/queries/audit.ts';
import { type HostHead, listHostHeads } from '../store/queries/audit-heads.ts';

/** The chain, or a head that somebody else kept of it, does not fit; the message says each fault. */
export class AuditError extends Error {
  readonly code = 'audit-does-not-fit';
  readonly retryable = false;
}

const mostHeadsBytes = 64 << 20;

/** Throws AuditError when anything does not fit. */
export function auditVerify(options: { heads: readonly string[]; dataDir: string; json: boolean }): Operation {
  return async ({ db }, { result, note }) => {
    const heads = (await Promise.all(options.heads.map(readHeads))).flat();
    const { publicKey } = await openCollectorKey(options.dataDir);
    const report = await verifyChain(streamChain(db, AbortSignal.timeout(3_600_000)), heads, publicKey);
    const conflicts = (await listHostHeads(db)).filter(({ fits }) => !fits);
    const faults = [
      ...report.faults.map(faultText),
      ...report.heads.flatMap(headText(report)),
      ...conflicts.map(conflictText),
    ];
    if (options.json) result(JSON.stringify({ ...report, hostConflicts: conflicts.map(conflictOf) }));
    if (heads.length === 0)
      note('Without heads that somebody else kept, entries that were cut off at the end are not seen: --heads FILE');
    if (faults.length > 0) throw new AuditError(['The audit does not fit:', ...faults].join('\n  '));
    if (!options.json) result(`The audit is whole: ${report.sequence} entries, ${heads.length} heads fit.`);
  };
}

/** The collector's head as it stands and the newest of each host, a line each: a heads file. */
export function auditHeads(options: { dataDir: string }): Operation {
  return async ({ db }, { result, note }) => {
    const key = await openCollectorKey(options.dataDir);
    const own = await createHeadSigner(db, key).current();
    if (own) {
      const { sequence, hash, issuedAt, statement: head } = own;
      const keeper = { keeper: 'collector', thumbprint: key.thumbprint, key: key.publicKey };
      result(JSON.stringify({ ...keeper, sequence, hash, issuedAt: issuedAt.toISOString(), head }));
    }
    for (const host of await listHostHeads(db)) result(JSON.stringify({ keeper: 'host', ...headLine(host) }));
    note('Keep this where the collector cannot reach it. Check later with: foretop audit verify --heads FILE');
  };
}

const headLine = ({ statement, issuedAt, receivedAt, ...head }: HostHead & { hostName: string }): AuditHead => ({
  ...head,
  issuedAt: issuedAt.toISOString(),
  receivedAt: receivedAt.toISOString(),
  head: statement,
});

/** Throws AuditError. */
async function readHeads(file: string): Promise<GivenHead[]> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length > mostHeadsBytes) throw new Error('it is larger than 64 MB');
    return parseHeads(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AuditError(`The heads in ${JSON.stringify(file)} cannot be read: ${reason}.`, { cause });
  }
}

const faultWords: Record<ChainFault['kind'], string> = {
  edited: 'its contents do not fit its hash',
  unlinked: 'it does not continue the entry before it',
  missing: 'it is missing',
};

const faultText = ({ sequence, kind }: ChainFault): string => `entry ${sequence}: ${faultWords[kind]}`;

const headText =
  (report: ChainReport) =>
  ({ line, verdict, claims }: JudgedHead): string[] => {
    const which = claims ? `head of ${new Date(claims.iat * 1000).toISOString()} (line ${line})` : `line ${line}`;
    switch (verdict) {
      case 'fits':
        return [];
      case 'cut':
        return [
          `${which}: it is of entry ${claims!.sequence}, the chain ends at ${report.sequence}: entries were cut off`,
        ];
      case 'differs':
        return [`${which}: entry ${claims!.sequence} is another than when the head was signed`];
      case 'forged':
        return [`${which}: its signature is wrong`];
      case 'unknown-key':
        return [`${which}: it is signed by ${claims!.iss}, which is not this collector's key`];
      case 'unreadable':
        return [`${which}: it is no head of an audit chain`];
    }
  };

const conflictOf = ({ hostId, hostName, sequence, hash }: HostHead & { hostName: string }) => ({
  ...{ hostId, hostName, sequence, hash },
});

const conflictText = ({ hostId, sequence, receivedAt }: HostHead): string =>
  `host ${hostId}: the head of entry ${sequence} that came ${receivedAt.toISOString()} does not continue those before it`;
