// WebSocket close codes of /agent and /live (4000–4999 are for applications: RFC 6455 section 7.4.2) and what a person should do about each.

export interface CloseReason {
  code: number;
  /** One sentence: what is so, then what to do. */
  text: string;
  /** Whether the agent tries again by itself; false = only a person can mend it. */
  retry: boolean;
}

/** The one that a browser acts upon, by itself: a page then loads none of the others. */
export const sessionEnded = {
  code: 4030,
  text: 'You were signed out. Open the login link again.',
  retry: false,
} as const satisfies CloseReason;

export const closeReasons = {
  'malformed-frame': {
    code: 4000,
    text: 'A frame could not be decoded. The two sides may be of incompatible builds; update the older one.',
    retry: true,
  },
  'frame-too-large': { code: 4001, text: 'A frame was larger than the protocol allows.', retry: true },
  'unexpected-frame': { code: 4002, text: 'A frame came out of turn.', retry: true },
  'version-unsupported': {
    code: 4003,
    text: 'Agent and collector have no protocol version in common. Update the older one.',
    retry: false,
  },
  'hello-timeout': { code: 4004, text: 'No Hello arrived in time.', retry: true },
  'sequence-gap': { code: 4005, text: 'A batch arrived out of order.', retry: true },
  'token-invalid': {
    code: 4010,
    text: 'The enrolment token is not known to this collector. Make a new one with: foretop enrol-token create',
    retry: false,
  },
  'token-expired': {
    code: 4011,
    text: 'The enrolment token has expired (they live 15 minutes). Make a new one with: foretop enrol-token create',
    retry: false,
  },
  'token-used': {
    code: 4012,
    text: 'The enrolment token was used before; each enrols one host. Make a new one with: foretop enrol-token create',
    retry: false,
  },
  'not-enrolled': {
    code: 4013,
    text: "This collector does not know the agent's key. Enrol the host again with a new token.",
    retry: false,
  },
  'signature-invalid': {
    code: 4014,
    text: "The agent's signature is wrong, or answers another connection's challenge.",
    retry: false,
  },
  revoked: {
    code: 4015,
    text: "This host's key was revoked. Enrol the host again with a new token if that was a mistake.",
    retry: false,
  },
  cloned: {
    code: 4016,
    text: 'The same key came from a second machine, so this one was refused. Delete its data directory and enrol it as a host of its own.',
    retry: false,
  },
  replaced: { code: 4017, text: 'The same agent connected again, and the newer connection stays.', retry: true },
  'wrong-collector': {
    code: 4018,
    text: 'The collector is not the one that this agent was enrolled with.',
    retry: false,
  },
  'shutting-down': { code: 4020, text: 'The collector is stopping.', retry: true },
  overloaded: { code: 4021, text: 'The collector cannot take more at the moment.', retry: true },
  'too-slow': { code: 4022, text: 'The other side did not read fast enough.', retry: true },
  'session-ended': sessionEnded,
} as const satisfies Record<string, CloseReason>;

export type CloseName = keyof typeof closeReasons;

/** The entry for a code received, or undefined for a code of the WebSocket protocol itself. */
export function closeNameOf(code: number): CloseName | undefined {
  return (Object.keys(closeReasons) as CloseName[]).find((name) => closeReasons[name].code === code);
}
