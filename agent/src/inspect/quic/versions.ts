// Which keys and packet types a QUIC version uses for its Initial packets.

export interface InitialScheme {
  salt: Uint8Array;
  /** Before "key", "iv" and "hp" in the labels: RFC 9001 section 5.1, RFC 9369 section 3.3.2. */
  labelPrefix: 'quic' | 'quicv2';
  /** Of the long header: RFC 9000 section 17.2, RFC 9369 section 3.2. */
  initialType: number;
  retryType: number;
}

function scheme(salt: string, labelPrefix: 'quic' | 'quicv2' = 'quic'): InitialScheme {
  const isSecond = labelPrefix === 'quicv2';
  return {
    salt: Buffer.from(salt, 'hex'),
    labelPrefix,
    initialType: isSecond ? 1 : 0,
    retryType: isSecond ? 0 : 3,
  };
}

const v1 = scheme('38762cf7f55934b34d179ae6a4c80cadccbb7f0a'); // RFC 9001, and drafts 33 and 34
const v2 = scheme('0dede3def700a6db819381be6e269dcbf9bd2ed9', 'quicv2'); // RFC 9369
const v2Draft = scheme('a707c203a59b47184a1d62ca570406ea7ae3e5d3', 'quicv2'); // draft-ietf-quic-v2-00 to 03
const draft29 = scheme('afbfec289993d24c9e9786f19c6111e04390a899'); // drafts 29 to 32
const draft23 = scheme('c3eef712c72ebb5a11a7d2432bb46365bef9f502'); // drafts 23 to 28
const draft22 = scheme('7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a');
// Google's own, with the long header of the drafts.
const q050 = scheme('504574efd066fe2f9d945cfcdbd3a7f0d3b56b45');
const t050 = scheme('7ff579e5acd072915580304c43a2367c60488310');
const t051 = scheme('7a4edef4e7ccee5fa4506c19124fc8ccda6e033d');

const known = new Map<number, readonly InitialScheme[]>([
  [0x0000_0001, [v1]],
  [0x6b33_43cf, [v2]],
  [0x709a_50c4, [v2Draft]],
  [0x5130_3530, [q050]],
  [0x5430_3530, [t050]],
  [0x5430_3531, [t051]],
]);
/** A version that nobody knows, such as one that only provokes a version negotiation, is most often the sender's usual one in disguise. */
const guesses: readonly InitialScheme[] = [v1, draft29, draft23, v2];

/** In the order to try them. Empty for what cannot be QUIC's Initial: version negotiation and the unencrypted versions of Google. */
export function initialSchemes(version: number): readonly InitialScheme[] {
  if (version === 0 || isClearGoogleVersion(version)) return [];
  const exact = known.get(version);
  if (exact) return exact;
  if (version >>> 8 === 0xff_0000) return [draftScheme(version & 0xff)];
  return guesses;
}

function draftScheme(draft: number): InitialScheme {
  if (draft >= 33) return v1;
  if (draft >= 29) return draft29;
  return draft >= 23 ? draft23 : draft22;
}

/** "Q0" and two digits, up to Q048: only these have their hello in the clear. */
export function isClearGoogleVersion(version: number): boolean {
  return version >>> 16 === 0x5130 && version < 0x5130_3530;
}
