// Why a host refuses: codes that programs test, each with the words for a person.
export const refusals = {
  'not-allowed': 'The host’s own file does not allow this.',
  'no-owner': 'The host has pinned no owner key, so nobody can sign for it.',
  'no-roster': 'The host has no roster yet: nobody may sign.',
  'roster-expired': 'The roster has expired. The owner has to sign a new one.',
  'unknown-signer': 'The signer is not in the roster.',
  'not-in-scope': 'The roster does not let this signer do this to this host.',
  'signer-too-weak': 'The host’s file asks for a stronger kind of signature.',
  'signature-invalid': 'The signature does not fit the offer.',
  'offer-unknown': 'The offer has expired, was used, or is not of this host.',
  'no-such-process': 'The process has ended.',
  'process-changed': 'The PID belongs to another process now, or the process runs another program than was offered.',
  'no-such-connection': 'The connection is closed.',
  protected: 'The process is protected: ending it would take the host or Foretop away.',
  'not-visible': 'The agent cannot hold processes by the numbers that it sees.',
  'no-such-target': 'The target has no address that the host could find.',
  'target-refused': 'The host does not look at this address.',
  'too-many': 'Too many commands in a minute.',
  'not-supported': 'This host cannot do this.',
  malformed: 'The request is not complete.',
} as const;
export type RefusalCode = keyof typeof refusals;
