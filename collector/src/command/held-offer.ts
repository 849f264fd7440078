// A host's offer as the collector holds it: checked to be signed by that host, and to be of what was asked.
import { formatAddress, type OfferRequest } from '@foretop/proto';
import { differenceOf, readToolRequest, ToolFault } from '@foretop/proto/tools';
import {
  commandDigest,
  type OfferClaims,
  type OfferedAction,
  readStatement,
  sha256Text,
  StatementError,
} from '@foretop/proto/trust';
import { CommandError } from './errors.ts';
import type { ControlLink } from './link.ts';

/** What is asked of a host, as it goes over the wire. */
export type AskedAction = Pick<OfferRequest, 'terminate' | 'closeConnection' | 'runTool'>;

export interface HeldOffer {
  /** 32 hex digits; the request id that the host knows. */
  wireId: string;
  hostId: number;
  /** Of the host's key. */
  thumbprint: string;
  text: string;
  claims: OfferClaims;
  /** SHA-256 of the text, base64url. */
  hash: string;
  /** What is to be signed, base64url. */
  digest: string;
  /** By the monotonic clock, milliseconds. */
  expiresMs: number;
}

/** No host can make the collector hold one for longer. */
export const longestOfferSeconds = 60;

/** Throws CommandError offer-invalid. */
export async function holdOffer(
  text: string,
  asked: AskedAction,
  context: { wireId: string; link: ControlLink; nowMs: number },
): Promise<HeldOffer> {
  const { wireId, link, nowMs } = context;
  const claims = await readOffer(text, link);
  const fault = mismatch(claims.action, asked);
  if (fault !== undefined) throw new CommandError('offer-invalid', `The host offered something else: ${fault}.`);
  const lifeSeconds = Math.min(claims.lifeSeconds, longestOfferSeconds);
  return {
    ...{ wireId, text, claims, hostId: link.hostId, thumbprint: link.thumbprint },
    hash: await sha256Text(text),
    digest: Buffer.from(await commandDigest(text, claims.action.kind, link.thumbprint)).toString('base64url'),
    expiresMs: nowMs + lifeSeconds * 1000,
  };
}

async function readOffer(text: string, link: ControlLink): Promise<OfferClaims> {
  try {
    return await readStatement('offer', text, link.key);
  } catch (cause) {
    if (!(cause instanceof StatementError)) throw cause;
    throw new CommandError('offer-invalid', `The host's offer is not valid: ${cause.message}.`, { cause });
  }
}

function mismatch(offered: OfferedAction, asked: AskedAction): string | undefined {
  const { terminate, closeConnection, runTool } = asked;
  if (offered.kind === 'run-tool') {
    return runTool ? otherTool(offered, runTool) : 'to run a tool';
  }
  if (offered.kind === 'terminate') {
    if (!terminate) return 'to end a process';
    if (offered.process.pid !== terminate.pid) return `process ${offered.process.pid} instead of ${terminate.pid}`;
    if (offered.tree.length > 0 && !terminate.tree) return 'more processes than one';
    return undefined;
  }
  if (!closeConnection) return 'to close a connection';
  const { localAddress, localPort, remoteAddress, remotePort } = closeConnection;
  const isAsked = isSame(offered.local, localAddress, localPort) && isSame(offered.remote, remoteAddress, remotePort);
  return isAsked ? undefined : 'another connection';
}

function otherTool(
  { tool, parameters }: Extract<OfferedAction, { kind: 'run-tool' }>,
  asked: NonNullable<AskedAction['runTool']>,
): string | undefined {
  try {
    const question = readToolRequest(asked.tool ?? '', asked.parameters ?? '');
    return differenceOf(question, readToolRequest(tool, parameters));
  } catch (error) {
    if (error instanceof ToolFault) return 'a tool with parameters that are not valid';
    throw error;
  }
}

type Endpoint = { address: string; port: number };

function isSame(offered: Endpoint, address: Uint8Array | null | undefined, port: number | null | undefined): boolean {
  return (
    offered.port === (port ?? 0) && unmapped(offered.address) === unmapped(formatAddress(address ?? new Uint8Array()))
  );
}

/** An IPv4 connection on an IPv6 socket bears its addresses either way (RFC 4291 section 2.5.5.2). */
const unmapped = (address: string): string => address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
