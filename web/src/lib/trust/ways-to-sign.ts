// With what somebody can sign a command to one host, judged as the host will: by its file, the roster, and what is in this browser.
import {
  isStrongEnough,
  mayDo,
  signers,
  thumbprint,
  type Capability,
  type PasskeyKey,
  type RosterHost,
  type RosterOperator,
  type Signer,
} from '@foretop/proto/trust';

export interface SigningQuestion {
  /** The account's name, as the roster has it. */
  name: string;
  operators: readonly RosterOperator[];
  host: RosterHost;
  capability: Capability;
  weakest: Signer;
  /** Thumbprints of the keys that this browser holds. */
  here: readonly string[];
  /** Why this browser cannot sign so at this address; empty = it can. */
  support: { browser: string; passkey: string };
}

export interface WayToSign {
  signer: Signer;
  /** Empty: it works. */
  why: string;
  /** `browser`: of the key here. */
  thumbprint?: string;
  /** `approve`: whether the roster names such a key of one's own. Without one, another operator may approve what is queued. */
  granted?: boolean;
  /** `passkey`: any of these. */
  passkeys?: readonly PasskeyKey[];
}

/** One entry a kind of signer, weakest first; those that the host does not take say so. */
export async function waysToSign(question: SigningQuestion): Promise<WayToSign[]> {
  const own = question.operators.filter((operator) => operator.name === question.name);
  const ways: WayToSign[] = [];
  for (const signer of signers) {
    const granted = own.filter((operator) => operator.signer === signer);
    const scoped = granted.filter((operator) => mayDo(operator, question.capability, question.host));
    if (signer === 'approve') {
      ways.push({ signer, why: '', granted: scoped.length > 0 });
      continue;
    }
    const found = signer === 'browser' ? await keyHere(scoped, question.here) : passkeysOf(scoped);
    ways.push({ signer, why: whyNot(signer, question, granted.length, scoped.length, found), ...found });
  }
  return ways;
}

type Found = Pick<WayToSign, 'thumbprint' | 'passkeys'>;

async function keyHere(operators: readonly RosterOperator[], here: readonly string[]): Promise<Found> {
  for (const { cnf } of operators) {
    if (!('jwk' in cnf)) continue;
    const print = await thumbprint(cnf.jwk);
    if (here.includes(print)) return { thumbprint: print };
  }
  return {};
}

function passkeysOf(operators: readonly RosterOperator[]): Found {
  const passkeys = operators.flatMap(({ cnf }) => ('passkey' in cnf ? [cnf.passkey] : []));
  return passkeys.length > 0 ? { passkeys } : {};
}

function whyNot(
  signer: 'browser' | 'passkey',
  { weakest, support, capability }: SigningQuestion,
  granted: number,
  scoped: number,
  found: Found,
): string {
  if (!isStrongEnough(signer, weakest)) return 'The host asks for a stronger kind of signature.';
  if (support[signer]) return support[signer];
  if (granted === 0) return 'The roster names no key of yours of this kind.';
  if (scoped === 0) return `The roster does not let your key ${capability} on this host.`;
  if (signer === 'browser' && found.thumbprint === undefined)
    return 'Your key that the roster names is in another browser.';
  return '';
}

/** The weakest that works here asks least of the person. To queue is chosen where the host takes nothing else, or one has the key. */
export const bestWay = (ways: readonly WayToSign[], weakest: Signer): WayToSign | undefined =>
  ways.find(({ signer, why }) => why === '' && signer !== 'approve') ??
  ways.find(({ signer, granted }) => signer === 'approve' && (granted || weakest === 'approve'));
