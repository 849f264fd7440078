// Enrolment: the token that a person brings once, and the collector that is pinned from then on.
import { readFileSync } from 'node:fs';
import { limits } from '@foretop/proto';
import { AgentError } from './agent-error.ts';
import { replaceFile } from './data-directory.ts';

export interface EnrolmentToken {
  text: string;
  collectorId: string;
  /** Whose signatures this host will obey; a collector from before there were any names nobody. */
  pins?: OwnerPins;
  /** The collector has taken it: whoever kept it can drop it. */
  spent?: () => void;
}

/** Public Ed25519 keys: 32 bytes, base64url. */
export interface OwnerPins {
  owner: string;
  recovery: string | undefined;
  /** Of the newest change of the owner key; 0 = it is the first one. */
  ownerSerial: number;
}

/** What is kept after the first Welcome. */
export interface PinnedCollector {
  collectorId: string;
  hostId: number;
}

export interface Enrolment {
  /** The only collector that this agent talks to. */
  collectorId: string;
  /** The host's number there; undefined until the first Welcome. */
  hostId(): number | undefined;
  /** Sent with Hello until a Welcome came. */
  token(): string | undefined;
  /** A Welcome came: pins the collector and forgets the token. */
  welcomed(hostId: number): void;
}

const tokenPrefix = 'fte1_';
const newTokenAdvice = 'Make a new one on the collector with: foretop enrol-token create';

/**
 * `fte1_` and base64url of {"c": collector id, "s": secret, "e": expiry} and the keys to pin, {"o": owner, "r": recovery,
 * "n": serial of the newest owner change}. Throws AgentError.
 */
export function parseEnrolmentToken(raw: string): EnrolmentToken {
  const text = raw.trim();
  const malformed = (found: string) =>
    new AgentError('token-malformed', `The enrolment token ${found}. ${newTokenAdvice}`);
  if (text === '') throw malformed('is empty');
  if (text.length > limits.tokenLength)
    throw malformed(`has ${text.length} characters, at most ${limits.tokenLength} are allowed`);
  if (!text.startsWith(tokenPrefix)) throw malformed(`does not start with '${tokenPrefix}'`);
  const content = contentOf(text.slice(tokenPrefix.length));
  const { c: collectorId, s: secret, o, r, n = 0 } = content;
  const isWhole = typeof collectorId === 'string' && collectorId !== '' && typeof secret === 'string';
  const hasPins = o === undefined ? r === undefined : isKey(o) && (r === undefined || isKey(r)) && isSerial(n);
  if (!isWhole || !hasPins) throw malformed('is damaged or incomplete');
  if (o === undefined) return { text, collectorId };
  return {
    text,
    collectorId,
    pins: { owner: o as string, recovery: r as string | undefined, ownerSerial: n as number },
  };
}

/** Empty when it is no JSON object. */
function contentOf(encoded: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    return typeof content === 'object' && content !== null ? { ...content } : {};
  } catch {
    return {};
  }
}

const isKey = (value: unknown) => typeof value === 'string' && /^[\w-]{43}$/.test(value);
const isSerial = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/** Throws AgentError when the host is neither enrolled nor has a token, or the token is for another collector. */
export function openEnrolment(path: string, token: EnrolmentToken | undefined): Enrolment {
  const pinned = readPinned(path);
  if (!pinned && !token) {
    throw new AgentError(
      'not-enrolled',
      'This host is not enrolled yet. On the collector run: foretop enrol-token create, and start the agent with --token-file FILE (or --token-file - to read it from stdin).',
    );
  }
  if (pinned && token && pinned.collectorId !== token.collectorId) {
    throw new AgentError(
      'other-collector',
      `This host is enrolled with collector '${pinned.collectorId}', the token is for '${token.collectorId}'. To move the host, delete '${path}' and start again.`,
    );
  }
  let hostId = pinned?.hostId;
  let unusedToken = token?.text;
  let storedId = hostId;
  const collectorId = (pinned?.collectorId ?? token?.collectorId)!;
  return {
    collectorId,
    hostId: () => hostId,
    token: () => unusedToken,
    welcomed(id) {
      const isFirst = unusedToken !== undefined;
      unusedToken = undefined;
      if (isFirst) token?.spent?.();
      hostId = id;
      if (id === storedId) return;
      replaceFile(path, JSON.stringify({ collectorId, hostId: id } satisfies PinnedCollector));
      storedId = id;
    },
  };
}

function readPinned(path: string): PinnedCollector | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
  const damaged = new AgentError(
    'not-enrolled',
    `'${path}' is damaged. Delete it and enrol this host again with a new token.`,
  );
  let content: Partial<PinnedCollector> | null;
  try {
    content = JSON.parse(text) as Partial<PinnedCollector> | null;
  } catch {
    throw damaged;
  }
  if (typeof content?.collectorId !== 'string' || typeof content.hostId !== 'number') throw damaged;
  return { collectorId: content.collectorId, hostId: content.hostId };
}
