// DNS exchanges of a live frame, checked and made absolute as the other rows are.
import { limits } from '@foretop/proto';
import type { LiveDns } from '@foretop/proto/live';
import { cleanText } from '../store/host-text.ts';
import { absoluteUs, type HostFrame, isCount, isPort } from './rows.ts';

const isAddress = (bytes: Uint8Array | null | undefined): bytes is Uint8Array =>
  bytes?.length === 4 || bytes?.length === 16;
const isWord = (value: number | null | undefined) => (value ?? 0) <= 0xffff;
const isFrom1 = (value: number | null | undefined, last: number) => (value ?? 0) >= 1 && value! <= last;

/** undefined: not valid. */
export function cleanDns(host: HostFrame, row: LiveDns): LiveDns | undefined {
  const { addresses = [], canonicalNames = [] } = row;
  if (!isAddress(row.peerAddress) || !addresses!.every(isAddress) || !isPort(row.peerPort)) return undefined;
  if (!isFrom1(row.transport, 2) || !isFrom1(row.kind, 3) || !isFrom1(row.role, 2)) return undefined;
  if (!isCount(row.askedUs) || !isCount(row.pidStartTicks) || !isWord(row.type) || !isWord(row.rcode)) return undefined;
  return {
    askedUs: absoluteUs(host, row.askedUs),
    answered: row.answered ?? false,
    ...(typeof row.latencyUs === 'number' && { latencyUs: row.latencyUs }),
    pid: row.pid ?? 0,
    pidStartTicks: row.pidStartTicks ?? 0,
    comm: cleanText(row.comm, limits.commLength),
    transport: row.transport!,
    kind: row.kind!,
    role: row.role!,
    peerAddress: row.peerAddress,
    peerPort: row.peerPort ?? 0,
    name: cleanText(row.name, limits.dnsNameLength),
    type: row.type ?? 0,
    rcode: row.rcode ?? 0,
    truncated: row.truncated ?? false,
    addresses: addresses!.slice(0, limits.dnsAddresses),
    canonicalNames: canonicalNames!
      .slice(0, limits.dnsCanonicalNames)
      .map((name) => cleanText(name, limits.dnsNameLength)),
  };
}
